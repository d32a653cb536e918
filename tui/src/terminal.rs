//! The loop around a real terminal: keys in, screens out. Owns raw mode, the alternate screen and the sequences that are no
//! text; gives the terminal back as it was, whatever happens.

use crate::event::{Came, Event, Mouse, Press, Screen};
use crate::hyperlinks::{Hyperlinks, Piece};
use crate::key::{Code, Key};
use crate::newcomer::{Page, Wish};
use crate::picture::{Answers, Painter, typed};
use crate::plain::Plain;
use crate::program::{Outside, Program};
use crate::settings::Options;
use agent::newcomer::Told;
use agent::worker::{News, Order};
use base64::Engine as _;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, Event as Seen, KeyCode,
    KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind,
};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, SetTitle, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute, queue};
use message::Time;
use ratatui::Terminal;
use ratatui::backend::{Backend as _, CrosstermBackend};
use std::io::{self, Stdout, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::Receiver;

/// How long the loop waits for a key before it looks for news: not felt, and nothing at all for the processor.
const WAIT: Duration = Duration::from_millis(100);
/// Octets of text that go to the clipboard: what terminals take.
const CLIPBOARD_MAX: usize = 74_000;

/// What goes out between these is shown at once (mode 2026).
const TOGETHER: &str = "\x1b[?2026h";
const NOW: &str = "\x1b[?2026l";

/// Lines follow each other: whoever gives the terminal back, in a panic too, has to know.
static IS_PLAIN: AtomicBool = AtomicBool::new(false);

/// Runs a program beside the screen; what came of it, or why it did not work.
pub type Outer = Box<dyn Fn(&Screen) -> Result<Came, String>>;

/// Writes a question to the terminal; what comes back.
pub type Ask = Box<dyn Fn(&str) -> Vec<u8>>;

/// What the loop needs of the world.
pub struct World {
    /// Gives an order to the worker.
    pub order: Box<dyn Fn(Order)>,
    /// What the worker tells.
    pub news: Receiver<News>,
    /// What time it is.
    pub now: Box<dyn Fn() -> Time>,
    /// Stops this program as the terminal's stop key does, until it is called again.
    pub suspend: Box<dyn Fn()>,
    /// Runs the user's editor on a text, or a program on a file, a link or octets; while the terminal is given back.
    pub outside: Outer,
    /// Asks the terminal: what came back when the last answer was there, or too much time had passed.
    pub ask: Ask,
    /// The terminal knows sequences for news and clipboard.
    pub is_modern: bool,
    /// Waits so long for something at the terminal; whether the system wants this program to end: the terminal is gone, or it
    /// was told so.
    pub is_over: Box<dyn Fn(Duration) -> bool>,
}

/// What is on the screen.
struct Stage {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    painter: Painter,
    /// What the terminal was told of links; `None`: nothing is told.
    hyperlinks: Option<Hyperlinks>,
    plain: Plain,
    is_plain: bool,
}

/// The terminal in our hands; given back when dropped.
struct Taken;

impl Taken {
    fn take(is_plain: bool) -> io::Result<Taken> {
        enable_raw_mode()?;
        let taken = Taken;
        if is_plain {
            return Ok(taken);
        }
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, EnableMouseCapture, SetTitle("Pillarbox"))?;
        Ok(taken)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        give_back();
    }
}

fn give_back() {
    let _ = disable_raw_mode();
    if IS_PLAIN.load(Ordering::Relaxed) {
        return;
    }
    let _ = execute!(io::stdout(), DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
}

/// What the page of a newcomer needs of the world.
pub struct Welcome {
    /// Carries out what is wished; never waits.
    pub wish: Box<dyn Fn(Wish)>,
    /// What came of it.
    pub told: std::sync::mpsc::Receiver<Told>,
    /// What time it is.
    pub now: Box<dyn Fn() -> Time>,
    /// As in [`World`].
    pub is_over: Box<dyn Fn(Duration) -> bool>,
}

/// The terminal, kept while one screen follows another.
pub struct Kept(Taken);

impl Kept {
    /// The next screen takes it from here.
    pub fn hand_on(self) {
        std::mem::forget(self.0);
    }
}

/// Shows the page of a newcomer until there is an account, or they leave: then `None`.
///
/// # Errors
/// Those of the terminal.
pub fn welcome(mut page: Page, options: &Options, world: &Welcome) -> io::Result<Option<(String, Kept)>> {
    let taken = Taken::take(false)?;
    let mut terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
    loop {
        terminal.draw(|frame| crate::draw::newcomer(&page, options, (world.now)(), frame))?;
        while let Ok(told) = world.told.try_recv() {
            page.told(told);
        }
        if let Some(name) = page.made.take() {
            return Ok(Some((name, Kept(taken))));
        }
        if (world.is_over)(WAIT) {
            return Ok(None);
        }
        while crossterm::event::poll(Duration::ZERO)? {
            let wish = match event(crossterm::event::read()?) {
                Some(Event::Key(key)) => page.key(key),
                Some(Event::Paste(text)) => {
                    page.paste(&text);
                    None
                }
                _ => None,
            };
            match wish {
                Some(Wish::Leave) => {
                    (world.wish)(Wish::Stop);
                    return Ok(None);
                }
                Some(wish) => (world.wish)(wish),
                None => {}
            }
        }
    }
}

/// Runs until the user leaves, or the system says so. However it ends, a letter that is being written is kept, and the
/// terminal is given back.
///
/// # Errors
/// Those of the terminal.
pub fn run(program: &mut Program, world: &mut World) -> io::Result<()> {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        give_back();
        before(panic);
    }));
    let is_plain = program.model.options.plain;
    IS_PLAIN.store(is_plain, Ordering::Relaxed);
    let taken = Taken::take(is_plain)?;
    let came = catch_unwind(AssertUnwindSafe(|| go_on(program, world)));
    // A terminal that is gone ends it with an error, a mistake of ours with a panic: neither costs what was typed.
    let kept = catch_unwind(AssertUnwindSafe(|| program.feed(Event::End)));
    drop(taken);
    match (came, kept) {
        (Err(panic), _) | (Ok(_), Err(panic)) => resume_unwind(panic),
        (Ok(came), Ok(_)) => came,
    }
}

/// Keys in, screens out, until it is over.
fn go_on(program: &mut Program, world: &mut World) -> io::Result<()> {
    let terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
    let size = terminal.size()?;
    let mut stage = Stage::new(terminal, &program.model.options, world.is_modern);
    let mut hand = vec![Event::Resized(size.width, size.height), Event::Tick((world.now)())];
    let mut versions = program.versions();
    let mut drawn_at = Time(0);
    loop {
        let is_new = hand.iter().any(|event| !matches!(event, Event::Tick(_)));
        let told = program.model.status.text.clone();
        let mut later = Vec::new();
        for event in hand.drain(..) {
            if matches!(event, Event::Resized(..)) {
                send(&stage.painter.forget())?;
            }
            for outside in program.feed(event) {
                match outside {
                    Outside::Order(order) => (world.order)(order),
                    Outside::Screen(Screen::Quit) => return send(&stage.painter.leave()),
                    Outside::Screen(Screen::AskForSight) => later.extend(asked(program, world)),
                    Outside::Screen(screen) => later.extend(stage.show(&screen, world)?),
                }
            }
        }
        let now = (world.now)();
        // Clocks on the screen go on by minutes, the sign of work by quarters of a second.
        let period = if program.model.accounts.iter().any(|account| account.busy.is_some()) { 250 } else { 60_000 };
        if is_new || told != program.model.status.text || now.0 / period != drawn_at.0 / period {
            drawn_at = now;
            stage.draw(program)?;
        }
        hand = if later.is_empty() { wait(world, program)? } else { later };
        let seen = program.versions();
        let changed = versions.iter().zip(&seen).enumerate().filter(|(_, (before, now))| before != now);
        hand.extend(changed.map(|(account, _)| Event::Changed(account)));
        versions = seen;
        hand.insert(0, Event::Tick((world.now)()));
    }
}

/// What happened since; waits a little for it.
fn wait(world: &mut World, program: &Program) -> io::Result<Vec<Event>> {
    let mut happened = Vec::new();
    if (world.is_over)(WAIT) {
        return Ok(vec![Event::End]);
    }
    // What is typed quickly is drawn once.
    while crossterm::event::poll(Duration::ZERO)? {
        happened.extend(event(crossterm::event::read()?));
    }
    happened = without_late_answers(happened);
    happened.extend(program.developed());
    while let Ok(news) = world.news.try_recv() {
        happened.push(Event::News(news));
    }
    Ok(happened)
}

/// An answer of a terminal that took its time comes as what is typed: `ESC _ G` or `ESC P >` all at once, and what follows
/// up to `ESC \`. Nobody types so quickly.
fn without_late_answers(happened: Vec<Event>) -> Vec<Event> {
    let is_alt = |event: &Event, wanted: char| matches!(event, Event::Key(Key { code: Code::Char(c), alt: true, .. }) if *c == wanted);
    let is_char = |event: Option<&Event>, wanted: char| matches!(event, Some(Event::Key(Key { code: Code::Char(c), alt: false, .. })) if *c == wanted);
    let mut kept = Vec::new();
    let mut rest = happened.into_iter().peekable();
    while let Some(event) = rest.next() {
        let next = rest.peek();
        if is_alt(&event, '_') && is_char(next, 'G') || is_alt(&event, 'P') && is_char(next, '>') {
            rest.by_ref().find(|event| is_alt(event, '\\'));
        } else {
            kept.push(event);
        }
    }
    kept
}

/// How pictures are drawn here; and the keys that were pressed while the terminal was asked.
fn asked(program: &Program, world: &World) -> Vec<Event> {
    let options = &program.model.options;
    let setting = options.pictures_used();
    let question = options.surroundings.question(setting);
    let answers = if question.is_empty() { Answers::default() } else { Answers::read(&(world.ask)(&question)) };
    let sight = options.surroundings.sight(setting, &answers, cell());
    let keys = typed(&answers.typed).into_iter().map(Event::Key);
    std::iter::once(Event::Sight(sight)).chain(keys).collect()
}

/// Does something while what is typed comes as it is, and is not shown.
pub fn in_raw_mode<T>(what: impl FnOnce() -> T) -> T {
    let is_raw = enable_raw_mode().is_ok();
    let done = what();
    if is_raw {
        let _ = disable_raw_mode();
    }
    done
}

/// Columns and lines of the terminal.
#[must_use]
pub fn size() -> Option<(u16, u16)> {
    crossterm::terminal::size().ok()
}

/// Pixels of a cell, as the system knows them.
#[must_use]
pub fn cell() -> Option<(u16, u16)> {
    let size = crossterm::terminal::window_size().ok()?;
    Some((size.width.checked_div(size.columns)?, size.height.checked_div(size.rows)?))
}

impl Stage {
    fn new(terminal: Terminal<CrosstermBackend<Stdout>>, options: &Options, is_modern: bool) -> Stage {
        Stage {
            terminal,
            painter: Painter::default(),
            hyperlinks: options.links.unwrap_or(is_modern).then(Hyperlinks::default),
            plain: Plain::default(),
            is_plain: options.plain,
        }
    }

    /// Draws what is not there. Pictures go out around the letters, and a terminal that can shows all of it at once.
    fn draw(&mut self, program: &Program) -> io::Result<()> {
        let model = &program.model;
        if self.is_plain {
            // A terminal in raw mode does not go back to the beginning of the line by itself.
            return send(&self.plain.tell(model).replace('\n', "\r\n"));
        }
        let strokes = self.painter.paint(model.way(), crate::draw::placements(model));
        if let Some(strokes) = &strokes {
            send(&format!("{TOGETHER}{}", strokes.before))?;
        }
        let drawn = self.terminal.draw(|frame| crate::draw::draw(model, frame))?;
        if let Some(hyperlinks) = &mut self.hyperlinks {
            let pieces = hyperlinks.paint(drawn.buffer, crate::draw::links(model));
            link(&mut self.terminal, &pieces)?;
        }
        strokes.map_or(Ok(()), |strokes| send(&format!("{}{NOW}", strokes.after)))
    }

    fn show(&mut self, screen: &Screen, world: &World) -> io::Result<Option<Event>> {
        // Whatever is on the screen may be written over.
        self.hyperlinks.iter_mut().for_each(Hyperlinks::forget);
        match screen {
            Screen::Quit | Screen::AskForSight => Ok(()),
            Screen::Redraw => self.redraw(),
            Screen::Suspend => {
                self.give_back()?;
                (world.suspend)();
                self.take_again()
            }
            Screen::Edit(_) | Screen::Open(_) | Screen::Print(_) | Screen::Pipe(..) | Screen::Browse(_) => {
                self.give_back()?;
                let came = (world.outside)(screen);
                self.take_again()?;
                return Ok(match (came, screen) {
                    (Ok(Came::Text(text)), _) => Some(Event::Edited(Ok(text))),
                    (Ok(Came::NoProgram), Screen::Open(held)) => Some(Event::NoProgram(Box::new(held.clone()))),
                    (Ok(_), _) => None,
                    (Err(problem), _) => Some(Event::Edited(Err(problem))),
                });
            }
            Screen::Clipboard(text) if world.is_modern => {
                let text = text.get(..text.floor_char_boundary(CLIPBOARD_MAX)).unwrap_or_default();
                let packed = base64::engine::general_purpose::STANDARD.encode(text);
                send(&format!("\x1b]52;c;{packed}\x07"))
            }
            Screen::Notify(words) if world.is_modern => {
                let words = message::harmless::harmless(words).replace(';', ",");
                send(&format!("\x07\x1b]9;{words}\x07\x1b]777;notify;Pillarbox;{words}\x07"))
            }
            Screen::Notify(_) => send("\x07"),
            Screen::Clipboard(_) => Ok(()),
        }
        .map(|()| None)
    }

    fn give_back(&mut self) -> io::Result<()> {
        send(&self.painter.leave())?;
        give_back();
        Ok(())
    }

    fn take_again(&mut self) -> io::Result<()> {
        std::mem::forget(Taken::take(self.is_plain)?);
        self.redraw()
    }

    fn redraw(&mut self) -> io::Result<()> {
        send(&self.painter.forget())?;
        if self.is_plain { Ok(()) } else { self.terminal.clear() }
    }
}

/// Writes the cells of links with where they lead; the cursor stays where it is.
fn link(terminal: &mut Terminal<CrosstermBackend<Stdout>>, pieces: &[Piece]) -> io::Result<()> {
    if pieces.is_empty() {
        return Ok(());
    }
    let backend = terminal.backend_mut();
    queue!(backend, cursor::SavePosition)?;
    for piece in pieces {
        backend.write_all(piece.before.as_bytes())?;
        backend.draw(piece.cells.iter().map(|(x, y, cell)| (*x, *y, cell)))?;
        backend.write_all(piece.after.as_bytes())?;
    }
    execute!(backend, cursor::RestorePosition)
}

fn send(sequence: &str) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(sequence.as_bytes())?;
    out.flush()
}

/// What the terminal tells, in our words.
fn event(seen: Seen) -> Option<Event> {
    match seen {
        Seen::Key(key) if key.kind != KeyEventKind::Release => self::key(key).map(Event::Key),
        Seen::Paste(text) => Some(Event::Paste(text)),
        Seen::Resize(columns, lines) => Some(Event::Resized(columns, lines)),
        Seen::Mouse(mouse) => {
            let what = match mouse.kind {
                MouseEventKind::Down(MouseButton::Left) => Press::Click,
                MouseEventKind::ScrollUp => Press::WheelUp,
                MouseEventKind::ScrollDown => Press::WheelDown,
                _ => return None,
            };
            Some(Event::Mouse(Mouse { what, x: mouse.column, y: mouse.row }))
        }
        _ => None,
    }
}

fn key(key: KeyEvent) -> Option<Key> {
    let code = match key.code {
        KeyCode::Char(c) => Code::Char(c),
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => Code::BackTab,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Insert => Code::Insert,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::F(number) => Code::F(number),
        _ => return None,
    };
    let has = |modifier| key.modifiers.contains(modifier);
    let ctrl = has(KeyModifiers::CONTROL);
    let code = match code {
        Code::Char(c) if ctrl => Code::Char(c.to_ascii_lowercase()),
        code => code,
    };
    Some(Key { code, ctrl, alt: has(KeyModifiers::ALT) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_answers_are_not_keys() {
        let left = |keys: &str| {
            let keys = crate::key::sequence(keys).unwrap_or_default().into_iter().map(Event::Key).collect();
            let keys = without_late_answers(keys).into_iter().filter_map(|event| match event {
                Event::Key(key) => Some(key),
                _ => None,
            });
            crate::key::spelled(&keys.collect::<Vec<_>>())
        };
        assert_eq!(left("j<A-_>Gi=31;OK<A-\\><A-P><gt>|XTerm(390)<A-\\>d"), "j d");
        assert_eq!(left("<A-_>Gi=31;OK"), "");
        assert_eq!(left("<A-_>j<A-P>x"), "Alt-_ j Alt-P x");
    }
}
