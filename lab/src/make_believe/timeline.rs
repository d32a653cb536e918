//! Virtual time, and the one thread that runs everything in it: whoever can go on goes on, in a fixed order; when nobody
//! can, it is at once the time for which the first of them waits. Owns tasks and timers; knows nothing of mail.

use message::Time;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

type Deed = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The time, and who waits for which. Clones are one.
#[derive(Clone)]
pub struct Timeline {
    state: Arc<Mutex<State>>,
}

struct State {
    now: Time,
    timers: BTreeMap<(Time, u64), Waker>,
    /// Numbers timers, so that those of one time go off in the order they were set.
    serial: u64,
    begun: Vec<Task>,
}

/// How long something lives: what was begun in a life ends with it, in the middle of whatever it does.
#[derive(Clone, Debug, Default)]
pub struct Life(Arc<Mutex<Option<Time>>>);

impl Life {
    /// Ends it. What it said at that very time is not heard: it may have said it a moment too late.
    pub fn end(&self, now: Time) {
        self.0.lock().get_or_insert(now);
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.lock().is_some()
    }

    /// Whether what it said at a time can be heard.
    pub(super) fn said(&self, at: Time) -> bool {
        self.0.lock().is_none_or(|end| at < end)
    }
}

struct Task {
    deed: Deed,
    life: Life,
    woken: Arc<Woken>,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Timeline {
    /// Time begins here.
    #[must_use]
    pub fn from(now: Time) -> Timeline {
        let state = State { now, timers: BTreeMap::new(), serial: 0, begun: Vec::new() };
        Timeline { state: Arc::new(Mutex::new(state)) }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Time {
        self.state.lock().now
    }

    /// Returns at this time; at once when it has come.
    #[must_use]
    pub fn sleep_until(&self, time: Time) -> Sleep {
        Sleep { timeline: self.clone(), time, timer: None }
    }

    /// Returns after this long.
    #[must_use]
    pub fn sleep(&self, span: Duration) -> Sleep {
        self.sleep_until(self.now().after(span))
    }

    /// Begins something that goes on by itself, until it is done or the life is over.
    pub fn begin(&self, life: &Life, deed: impl Future<Output = ()> + Send + 'static) {
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        self.state.lock().begun.push(Task { deed: Box::pin(deed), life: life.clone(), woken });
    }

    /// The next time for which somebody waits becomes now; `false` when there is none before `end`, which becomes now.
    fn advance(&self, end: Time) -> bool {
        let mut state = self.state.lock();
        let next = state.timers.keys().next().map(|(time, _)| *time).filter(|time| *time < end);
        state.now = next.unwrap_or(end).max(state.now);
        let (now, later) = (state.now, (Time(state.now.0.saturating_add(1)), 0));
        let rest = state.timers.split_off(&later);
        let due = std::mem::replace(&mut state.timers, rest);
        debug_assert!(due.keys().all(|(time, _)| *time <= now));
        drop(state);
        due.into_values().for_each(Waker::wake);
        next.is_some()
    }
}

/// Waits for a time.
pub struct Sleep {
    timeline: Timeline,
    time: Time,
    timer: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let timeline = self.timeline.clone();
        let mut state = timeline.state.lock();
        if state.now >= self.time {
            return Poll::Ready(());
        }
        let serial = self.timer.unwrap_or_else(|| {
            state.serial += 1;
            state.serial
        });
        self.timer = Some(serial);
        state.timers.insert((self.time, serial), context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(serial) = self.timer {
            let forgotten = self.timeline.state.lock().timers.remove(&(self.time, serial));
            drop(forgotten);
        }
    }
}

/// Runs what was begun in a timeline.
pub struct Theatre {
    timeline: Timeline,
    tasks: Vec<Task>,
}

impl Theatre {
    /// Of this timeline. One for each.
    #[must_use]
    pub fn of(timeline: &Timeline) -> Theatre {
        Theatre { timeline: timeline.clone(), tasks: Vec::new() }
    }

    /// Lets everything go on until this time. `look` is called whenever one task has done what it could.
    pub fn run_until(&mut self, end: Time, mut look: impl FnMut()) {
        loop {
            let moved = self.go_on(&mut look);
            if !moved && !self.timeline.advance(end) && !self.go_on(&mut look) {
                return;
            }
        }
    }

    /// Everybody who can goes on once; whether anybody did.
    fn go_on(&mut self, look: &mut impl FnMut()) -> bool {
        let begun = std::mem::take(&mut self.timeline.state.lock().begun);
        self.tasks.extend(begun);
        let mut moved = false;
        self.tasks.retain_mut(|task| {
            if task.life.is_over() {
                return false;
            }
            if !task.woken.0.swap(false, Ordering::Relaxed) {
                return true;
            }
            moved = true;
            let waker = Waker::from(task.woken.clone());
            let done = task.deed.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
            look();
            !done
        });
        moved
    }
}

/// The result of something that waits for nobody, as a question to a store without threads does.
#[must_use]
pub fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_for_the_earliest_time_goes_first_and_a_life_ends_in_the_middle() {
        let timeline = Timeline::from(Time(1000));
        let told = Arc::new(Mutex::new(Vec::new()));
        let (stays, ends) = (Life::default(), Life::default());
        for (span, life) in [(30, &stays), (10, &stays), (20, &ends), (10, &stays)] {
            let (clock, told) = (timeline.clone(), told.clone());
            timeline.begin(life, async move {
                clock.sleep(Duration::from_millis(span)).await;
                told.lock().push((clock.now().0, span));
            });
        }
        let mut theatre = Theatre::of(&timeline);
        theatre.run_until(Time(1015), || {});
        ends.end(Time(1015));
        theatre.run_until(Time(2000), || {});
        assert_eq!(*told.lock(), [(1010, 10), (1010, 10), (1030, 30)]);
        assert_eq!((timeline.now(), theatre.tasks.len()), (Time(2000), 0));
    }
}
