//! Tasks under way: which were said, whose answer is heard, its list or its content.

use super::ask::{Ask, Finish, Listed, Said, Task};
use super::content::{Run, Unstuffer};
use super::limits::{GROUP, LIST_LINES, LIST_PAGE, TASKS};
use super::reply::{self, Reply};
use super::session::{Client, State};
use std::collections::VecDeque;

/// Tasks of one answer.
pub(super) struct Running {
    /// Those not yet said.
    waiting: VecDeque<Task>,
    /// Those whose answer is awaited, the first of them now, each with the octets of its command.
    said: VecDeque<(Task, usize)>,
    part: Part,
}

/// What is awaited of the first task.
enum Part {
    Answer,
    /// The lines of a list.
    List {
        reply: Reply,
        lines: u64,
        page: Vec<Listed>,
    },
    /// A message.
    Content {
        reply: Reply,
        unstuffer: Unstuffer,
        octets: u64,
    },
}

impl Running {
    pub fn lists(&self) -> bool {
        matches!(self.part, Part::List { .. })
    }

    pub fn in_content(&self) -> bool {
        matches!(self.part, Part::Content { .. })
    }

    /// Nothing more is said than was.
    pub fn cut_short(&mut self) {
        self.waiting.clear();
    }

    /// The next command that may be said now.
    fn next_line(&mut self, pipelining: bool) -> Option<String> {
        let line = line(*self.waiting.front()?);
        let unheard: usize = self.said.iter().map(|(_, octets)| octets).sum();
        let fits = self.said.is_empty() || (pipelining && unheard + line.len() + 2 <= GROUP);
        let task = self.waiting.pop_front_if(|_| fits)?;
        self.said.push_back((task, line.len() + 2));
        Some(line)
    }
}

/// A command, without its CR LF.
fn line(task: Task) -> String {
    match task {
        Task::Stat => "STAT".to_owned(),
        Task::List => "LIST".to_owned(),
        Task::Uidl => "UIDL".to_owned(),
        Task::Top { number, lines } => format!("TOP {number} {lines}"),
        Task::Retr(number) => format!("RETR {number}"),
        Task::Dele(number) => format!("DELE {number}"),
        Task::Reset => "RSET".to_owned(),
        Task::Noop => "NOOP".to_owned(),
    }
}

impl Client {
    pub(super) fn begin(&mut self, mut tasks: Vec<Task>) {
        tasks.truncate(TASKS);
        let running = Running { waiting: tasks.into(), said: VecDeque::new(), part: Part::Answer };
        self.state = State::Task(Box::new(running));
        self.say_what_fits();
    }

    fn say_what_fits(&mut self) {
        let pipelining = self.facts.can("PIPELINING");
        while let State::Task(running) = &mut self.state
            && let Some(line) = running.next_line(pipelining)
        {
            self.send(&line);
        }
    }

    /// The first line of an answer.
    pub(super) fn task_answered(&mut self, reply: Reply) {
        let State::Task(running) = &mut self.state else { return };
        let Some((task, _)) = running.said.front().copied() else { return };
        match task {
            Task::List | Task::Uidl if reply.ok => running.part = Part::List { reply, lines: 0, page: Vec::new() },
            Task::Retr(_) | Task::Top { .. } if reply.ok => {
                running.part = Part::Content { reply, unstuffer: Unstuffer::new(), octets: 0 };
                self.tell(Ask::Begun(task));
            }
            _ => self.finish(reply),
        }
    }

    /// The first task is done.
    fn finish(&mut self, reply: Reply) {
        let State::Task(running) = &mut self.state else { return };
        running.part = Part::Answer;
        let Some((task, _)) = running.said.pop_front() else { return };
        self.tell(Ask::Finished(Finish { task, reply }));
        self.say_what_fits();
        if matches!(&self.state, State::Task(running) if running.said.is_empty()) {
            self.next();
        }
    }

    pub(super) fn list_line(&mut self, text: &[u8]) {
        let State::Task(running) = &mut self.state else { return };
        let uids = matches!(running.said.front(), Some((Task::Uidl, _)));
        let Part::List { reply, lines, page } = &mut running.part else { return };
        if text == b"." {
            let (reply, page) = (reply.clone(), std::mem::take(page));
            if !page.is_empty() {
                self.tell(Ask::Listed(page));
            }
            return self.finish(reply);
        }
        let listed = if uids { reply::uid(text) } else { reply::size(text) };
        let Some(listed) = listed else { return self.garbage(text) };
        *lines += 1;
        if *lines > LIST_LINES {
            return self.garbage(b"a list without end");
        }
        page.push(listed);
        if page.len() >= LIST_PAGE {
            let page = std::mem::take(page);
            self.tell(Ask::Listed(page));
        }
    }

    /// Takes a run of a message; how many octets.
    pub(super) fn receive_content(&mut self, bytes: &[u8]) -> usize {
        let message_max = self.profile.message_max;
        let State::Task(running) = &mut self.state else { return 0 };
        let Part::Content { reply, unstuffer, octets } = &mut running.part else { return 0 };
        match unstuffer.read(bytes) {
            Run::More => 0,
            Run::Dot => 1,
            Run::Content(run) => {
                *octets = octets.saturating_add(run as u64);
                if *octets > message_max {
                    self.lose(Said::TooLong);
                } else {
                    self.pass(run);
                }
                run
            }
            Run::End => {
                let reply = reply.clone();
                self.finish(reply);
                3
            }
        }
    }
}
