//! The loop around a real terminal: keys in, screens out. Owns raw mode, the alternate screen and the sequences that are no
//! text; gives the terminal back as it was, whatever happens.

use crate::event::{Event, Mouse, Press, Screen};
use crate::hyperlinks::{Hyperlinks, Piece};
use crate::key::{Code, Key};
use crate::newcomer::{Page, Wish};
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

/// Lines follow each other: whoever gives the terminal back, in a panic too, has to know.
static IS_PLAIN: AtomicBool = AtomicBool::new(false);

/// Runs a program beside the screen; the text it leaves, or why it did not work.
pub type Outer = Box<dyn Fn(&Screen) -> Result<Option<String>, String>>;

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
    /// The terminal knows sequences for news and clipboard.
    pub is_modern: bool,
    /// Waits so long for something at the terminal; whether the system wants this program to end: the terminal is gone, or it
    /// was told so.
    pub is_over: Box<dyn Fn(Duration) -> bool>,
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
pub fn run(mut program: Program, mut world: World) -> io::Result<()> {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        give_back();
        before(panic);
    }));
    let is_plain = program.model.options.plain;
    IS_PLAIN.store(is_plain, Ordering::Relaxed);
    let taken = Taken::take(is_plain)?;
    let came = catch_unwind(AssertUnwindSafe(|| go_on(&mut program, &mut world)));
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
    let is_plain = program.model.options.plain;
    let shows_links = program.model.options.links.unwrap_or(world.is_modern);
    let mut hyperlinks = Hyperlinks::default();
    let mut plain = Plain::default();
    let mut terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
    let size = terminal.size()?;
    let mut hand = vec![Event::Resized(size.width, size.height), Event::Tick((world.now)())];
    let mut versions = program.versions();
    let mut drawn_at = Time(0);
    loop {
        let is_new = !hand.is_empty();
        let mut later = Vec::new();
        for event in hand.drain(..) {
            for outside in program.feed(event) {
                match outside {
                    Outside::Order(order) => (world.order)(order),
                    Outside::Screen(Screen::Quit) => return Ok(()),
                    Outside::Screen(screen) => {
                        later.extend(show(&screen, &mut terminal, world)?);
                        // Whatever was on the screen may have been written over.
                        hyperlinks.forget();
                    }
                }
            }
        }
        let now = (world.now)();
        // Clocks on the screen go on by minutes, the sign of work by quarters of a second.
        let period = if program.model.accounts.iter().any(|account| account.busy.is_some()) { 250 } else { 60_000 };
        if is_new || now.0 / period != drawn_at.0 / period {
            drawn_at = now;
            if is_plain {
                // A terminal in raw mode does not go back to the beginning of the line by itself.
                send(&plain.tell(&program.model).replace('\n', "\r\n"))?;
            } else {
                let drawn = terminal.draw(|frame| crate::draw::draw(&program.model, frame))?;
                if shows_links {
                    let pieces = hyperlinks.paint(drawn.buffer, crate::draw::links(&program.model));
                    link(&mut terminal, &pieces)?;
                }
            }
        }
        hand = if later.is_empty() { wait(world)? } else { later };
        let seen = program.versions();
        let changed = versions.iter().zip(&seen).enumerate().filter(|(_, (before, now))| before != now);
        hand.extend(changed.map(|(account, _)| Event::Changed(account)));
        versions = seen;
        hand.insert(0, Event::Tick((world.now)()));
        if let [Event::Tick(now)] = hand.as_slice() {
            program.feed(Event::Tick(*now));
            hand.clear();
        }
    }
}

/// What happened since; waits a little for it.
fn wait(world: &mut World) -> io::Result<Vec<Event>> {
    let mut happened = Vec::new();
    if (world.is_over)(WAIT) {
        return Ok(vec![Event::End]);
    }
    // What is typed quickly is drawn once.
    while crossterm::event::poll(Duration::ZERO)? {
        happened.extend(event(crossterm::event::read()?));
    }
    while let Ok(news) = world.news.try_recv() {
        happened.push(Event::News(news));
    }
    Ok(happened)
}

fn show(
    screen: &Screen,
    terminal: &mut Terminal<CrosstermBackend<Stdout>>,
    world: &World,
) -> io::Result<Option<Event>> {
    let shown = match screen {
        Screen::Quit => Ok(()),
        Screen::Redraw => redraw(terminal),
        Screen::Suspend => {
            give_back();
            (world.suspend)();
            std::mem::forget(Taken::take(IS_PLAIN.load(Ordering::Relaxed))?);
            redraw(terminal)
        }
        Screen::Edit(_) | Screen::Open(_) | Screen::Print(_) | Screen::Pipe(..) | Screen::Browse(_) => {
            give_back();
            let came = (world.outside)(screen);
            std::mem::forget(Taken::take(IS_PLAIN.load(Ordering::Relaxed))?);
            redraw(terminal)?;
            return Ok(match came {
                Ok(text) => text.map(|text| Event::Edited(Ok(text))),
                Err(problem) => Some(Event::Edited(Err(problem))),
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
    };
    shown.map(|()| None)
}

fn redraw(terminal: &mut Terminal<CrosstermBackend<Stdout>>) -> io::Result<()> {
    if IS_PLAIN.load(Ordering::Relaxed) { Ok(()) } else { terminal.clear() }
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
