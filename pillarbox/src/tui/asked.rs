//! The terminal, asked what it can do: a question out, what comes back until the last answer. The terminal is in raw mode.

use message::Time;
use net::clock::Clock;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::{IsTerminal as _, Write as _};
use std::os::fd::AsFd as _;
use tui::picture::Answers;

/// Milliseconds that answers may take: a terminal across an ocean answers in 200.
const WAIT_MS: u64 = 300;
/// Octets of answers: some hundred are what they come to; what is typed meanwhile comes with them.
const CAME_MAX: usize = 16 * 1024;

/// Asks; what came by the time the last answer was there, or [`WAIT_MS`] had passed.
pub fn ask(question: &str) -> Vec<u8> {
    let clock = Clock::system();
    let deadline = clock.now().0 + WAIT_MS;
    let mut came = Vec::new();
    let mut out = std::io::stdout();
    if !std::io::stdin().is_terminal() {
        return came;
    }
    if out.write_all(question.as_bytes()).and_then(|()| out.flush()).is_err() {
        return came;
    }
    while came.len() < CAME_MAX && !Answers::read(&came).is_complete && is_ready(&clock, Time(deadline)) {
        let mut piece = [0; 1024];
        // One read of what is there: a buffer of the library would keep what is typed next.
        match nix::unistd::read(std::io::stdin().as_fd(), &mut piece) {
            Ok(0) => break,
            Ok(length) => came.extend_from_slice(piece.get(..length).unwrap_or_default()),
            Err(Errno::EINTR) => {}
            Err(_) => break,
        }
    }
    came
}

/// Waits until something can be read, or it is too late.
fn is_ready(clock: &Clock, deadline: Time) -> bool {
    let left = deadline.0.saturating_sub(clock.now().0);
    let input = std::io::stdin();
    let mut watched = [PollFd::new(input.as_fd(), PollFlags::POLLIN)];
    loop {
        match poll(&mut watched, PollTimeout::try_from(left.min(WAIT_MS)).unwrap_or(PollTimeout::ZERO)) {
            Err(Errno::EINTR) if clock.now() < deadline => {}
            Ok(ready) => return ready > 0,
            Err(_) => return false,
        }
    }
}
