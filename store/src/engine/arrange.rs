//! Which of several changes of mailboxes can be made together: only how all is in the end has to be right, as two may
//! swap their names (RFC 8620 §5.3). Where it is not, the last change that has a part in it is left out, and all is looked
//! at again. Owns the deciding, in memory; `mailboxes` reads what is there and writes what comes of it.

use super::mailbox::{DELIMITER, DEPTH_MAX, INBOX, MAILBOXES_MAX, NAME_OCTETS_MAX};
use crate::mailbox::{MailboxChange, MailboxRef, MailboxRefusal, MailboxWish};
use crate::types::{MailboxId, Role};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Steps from a mailbox to the top that are followed: twice what may be, so that what is only too deep is told apart from
/// what goes round.
const WAY_MAX: usize = 2 * DEPTH_MAX;

/// Rounds in which one change is left out, and all is looked at again: enough for any honest set of changes. After them
/// all that is wrong in a round is left out together, as every round looks at every change while nobody else can write.
const SINGLE_ROUNDS_MAX: usize = 64;

/// Where a mailbox lies (0: at the top), and under which name.
pub(super) type Seat = (i64, String);

/// A mailbox as it is before the changes.
pub(super) struct Node {
    pub seat: Seat,
    pub role: Option<Role>,
    pub subscribed: bool,
    pub selectable: bool,
}

/// What is there.
#[derive(Default)]
pub(super) struct Tree {
    pub nodes: BTreeMap<i64, Node>,
    at: HashMap<Seat, i64>,
    below: HashMap<i64, Vec<i64>>,
    roles: Vec<(Role, i64)>,
}

impl Tree {
    pub fn new(nodes: BTreeMap<i64, Node>) -> Tree {
        let at = nodes.iter().map(|(id, node)| (folded(&node.seat), *id)).collect();
        let mut below: HashMap<i64, Vec<i64>> = HashMap::new();
        for (id, node) in &nodes {
            below.entry(node.seat.0).or_default().push(*id);
        }
        let roles = nodes.iter().filter_map(|(id, node)| Some((node.role?, *id))).collect();
        Tree { nodes, at, below, roles }
    }
}

/// Changes, and which of them are not to be made. What a change makes has an id of its own below zero until it is written.
pub(super) struct Arrangement<'a> {
    pub tree: &'a Tree,
    changes: &'a [MailboxChange],
    pub refused: Vec<Option<MailboxRefusal>>,
    /// How often all was looked at.
    rounds: usize,
}

/// Changes that cannot be, and why.
type Wrongs = Vec<(usize, MailboxRefusal)>;

/// How all would be in the end.
#[derive(Default)]
pub(super) struct Outlook {
    /// Of those that are new or elsewhere.
    pub seats: BTreeMap<i64, Seat>,
    /// Which change put it there.
    by: HashMap<i64, usize>,
    pub gone: HashSet<i64>,
    /// Names above others whose place a new mailbox takes.
    pub replaced: HashMap<i64, i64>,
    /// Those whose role the changes set.
    roles: HashMap<i64, Option<Role>>,
    /// Those that are changed at all.
    changed: HashSet<i64>,
}

/// The id, until it is written, of what a change makes.
pub(super) fn unborn(change: usize) -> i64 {
    -1 - i64::try_from(change).unwrap_or(i64::MAX - 1)
}

/// INBOX has one name in any case of letters (RFC 9051 §5.1).
fn folded((parent, name): &Seat) -> Seat {
    let is_inbox = *parent == 0 && name.eq_ignore_ascii_case(INBOX);
    (*parent, if is_inbox { INBOX.to_owned() } else { name.clone() })
}

fn number(parent: Option<MailboxRef>) -> i64 {
    match parent {
        None => 0,
        Some(MailboxRef::Known(MailboxId(id))) => id,
        Some(MailboxRef::New(change)) => unborn(change),
    }
}

impl<'a> Arrangement<'a> {
    pub fn new(tree: &'a Tree, changes: &'a [MailboxChange]) -> Arrangement<'a> {
        let mut arrangement = Arrangement { tree, changes, refused: vec![None; changes.len()], rounds: 0 };
        let mut named = HashSet::new();
        for (i, change) in changes.iter().enumerate() {
            let is_again = match change {
                MailboxChange::Create(_) => false,
                MailboxChange::Update(mailbox, _) | MailboxChange::Destroy { mailbox, .. } => !named.insert(mailbox.0),
            };
            let refusal = if is_again { Some(MailboxRefusal::Gone) } else { arrangement.alone(change) };
            arrangement.refused[i] = refusal;
        }
        arrangement
    }

    /// Why a change cannot be made whatever the others are.
    fn alone(&self, change: &MailboxChange) -> Option<MailboxRefusal> {
        let node = |mailbox: &MailboxId| self.tree.nodes.get(&mailbox.0);
        match change {
            MailboxChange::Create(wish) if wish.role == Some(Some(Role::Inbox)) => Some(MailboxRefusal::RoleTaken),
            MailboxChange::Create(wish) => name_refused(wish.name.as_deref().unwrap_or("")),
            MailboxChange::Destroy { mailbox, .. } => match node(mailbox) {
                None => Some(MailboxRefusal::Gone),
                Some(node) => (node.role == Some(Role::Inbox)).then_some(MailboxRefusal::Inbox),
            },
            MailboxChange::Update(mailbox, wish) => match node(mailbox) {
                None => Some(MailboxRefusal::Gone),
                Some(node) => update_refused(node, wish),
            },
        }
    }

    /// Leaves out what cannot be, and tells how all will be.
    pub fn settle(&mut self) -> Outlook {
        loop {
            self.rounds += 1;
            let mut outlook = self.outlook();
            let wrong = self.wrong(&mut outlook);
            if !wrong.is_empty() {
                self.refuse_all(wrong);
                continue;
            }
            let excess = self.excess(&outlook);
            if excess > 0 && self.refuse_last(&outlook, excess) {
                continue;
            }
            let deep = self.too_deep(&outlook);
            if deep.is_empty() {
                return outlook;
            }
            self.refuse_all(deep);
        }
    }

    fn refuse_all(&mut self, wrong: Wrongs) {
        for (change, refusal) in wrong {
            if self.refused[change].is_none() {
                self.refuse(change, refusal);
            }
        }
    }

    /// And with a mailbox that is not made all that would lie in it.
    fn refuse(&mut self, change: usize, refusal: MailboxRefusal) {
        let mut refused = vec![(change, refusal)];
        while let Some((change, refusal)) = refused.pop() {
            self.refused[change] = Some(refusal);
            let parent = Some(Some(MailboxRef::New(change)));
            refused.extend(self.live().filter_map(|(i, change)| match change {
                MailboxChange::Create(wish) | MailboxChange::Update(_, wish) => {
                    (wish.parent == parent).then_some((i, MailboxRefusal::NoParent))
                }
                MailboxChange::Destroy { .. } => None,
            }));
        }
    }

    fn live(&self) -> impl Iterator<Item = (usize, &'a MailboxChange)> {
        self.changes.iter().enumerate().filter(|(i, _)| self.refused[*i].is_none())
    }

    fn outlook(&self) -> Outlook {
        let mut all = Outlook::default();
        for (i, change) in self.live() {
            let (id, wish) = match change {
                MailboxChange::Create(wish) => (unborn(i), wish),
                MailboxChange::Update(mailbox, wish) => (mailbox.0, wish),
                MailboxChange::Destroy { mailbox, .. } => {
                    all.gone.insert(mailbox.0);
                    continue;
                }
            };
            let old = self.tree.nodes.get(&id).map(|node| &node.seat);
            let parent = wish.parent.map_or_else(|| old.map_or(0, |seat| seat.0), number);
            let name = wish.name.as_ref().or(old.map(|seat| &seat.1)).cloned().unwrap_or_default();
            if old.is_none_or(|old| *old != (parent, name.clone())) {
                all.seats.insert(id, (parent, name));
                all.by.insert(id, i);
            }
            if let Some(role) = wish.role {
                all.roles.insert(id, role);
            }
            all.changed.insert(id);
        }
        all
    }

    /// The first change, and why, that does not go with how all would be; after many rounds, all of them.
    fn wrong(&self, outlook: &mut Outlook) -> Wrongs {
        let mut wrongs = Vec::new();
        let mut taken = HashMap::new();
        let mut roles = HashMap::new();
        for (i, change) in self.live() {
            let wrong = match change {
                MailboxChange::Destroy { mailbox, .. } => {
                    self.has_child(outlook, mailbox.0).then_some((i, MailboxRefusal::HasChild))
                }
                MailboxChange::Create(wish) => self
                    .seat_wrong(outlook, &mut taken, (i, unborn(i)))
                    .or_else(|| self.role_wrong(outlook, &mut roles, (i, unborn(i), wish))),
                MailboxChange::Update(mailbox, wish) => self
                    .seat_wrong(outlook, &mut taken, (i, mailbox.0))
                    .or_else(|| self.role_wrong(outlook, &mut roles, (i, mailbox.0, wish))),
            };
            wrongs.extend(wrong);
            if !wrongs.is_empty() && self.rounds <= SINGLE_ROUNDS_MAX {
                break;
            }
        }
        wrongs
    }

    fn has_child(&self, outlook: &Outlook, mailbox: i64) -> bool {
        let stays = |child: &i64| !outlook.gone.contains(child) && !outlook.seats.contains_key(child);
        self.tree.below.get(&mailbox).is_some_and(|below| below.iter().any(stays))
            || outlook.seats.values().any(|(parent, _)| *parent == mailbox)
    }

    fn seat_wrong(
        &self,
        outlook: &mut Outlook,
        taken: &mut HashMap<Seat, i64>,
        (i, id): (usize, i64),
    ) -> Option<(usize, MailboxRefusal)> {
        let seat = outlook.seats.get(&id)?;
        let parent = seat.0;
        if parent != 0 && !outlook.seats.contains_key(&parent) && !self.tree.nodes.contains_key(&parent) {
            return Some((i, MailboxRefusal::NoParent));
        }
        if let Some(last) = self.loops(outlook, id) {
            return Some((last, MailboxRefusal::Loop));
        }
        let place = folded(seat);
        let refused = |holder| Some((i, MailboxRefusal::NameTaken(self.named(holder))));
        if let Some(holder) = taken.get(&place) {
            return refused(*holder);
        }
        if let Some(holder) = self.tree.at.get(&place).copied()
            && holder != id
            && !outlook.gone.contains(&holder)
            && !outlook.seats.contains_key(&holder)
        {
            let is_name_only = self.tree.nodes.get(&holder).is_some_and(|node| !node.selectable);
            if !(is_name_only && id < 0 && !outlook.changed.contains(&holder)) {
                return refused(holder);
            }
            outlook.replaced.insert(holder, id);
        }
        taken.insert(place, id);
        None
    }

    fn named(&self, id: i64) -> MailboxRef {
        match usize::try_from(-1 - id) {
            Ok(change) => MailboxRef::New(change),
            Err(_) => MailboxRef::Known(MailboxId(id)),
        }
    }

    /// The last change of those that put a mailbox into itself, or into a loop of others; a way up that is far longer
    /// than may be is as bad, and costs too much to follow.
    fn loops(&self, outlook: &Outlook, id: i64) -> Option<usize> {
        let (mut at, mut last) = (id, None);
        for _ in 0..WAY_MAX {
            last = last.max(outlook.by.get(&at).copied());
            at = self.parent(outlook, at);
            if at == 0 {
                return None;
            }
            if at == id {
                break;
            }
        }
        last
    }

    fn parent(&self, outlook: &Outlook, id: i64) -> i64 {
        let old = || self.tree.nodes.get(&id).map(|node| node.seat.0);
        outlook.seats.get(&id).map(|seat| seat.0).or_else(old).unwrap_or(0)
    }

    fn role_wrong(
        &self,
        outlook: &Outlook,
        roles: &mut HashMap<Role, i64>,
        (i, id, wish): (usize, i64, &MailboxWish),
    ) -> Option<(usize, MailboxRefusal)> {
        let role = wish.role.flatten()?;
        let keeps = |(of, other): &(Role, i64)| {
            (*of, true) == (role, *other != id)
                && !outlook.gone.contains(other)
                && outlook.roles.get(other).is_none_or(|kept| *kept == Some(role))
        };
        if roles.contains_key(&role) || self.tree.roles.iter().any(keeps) {
            return Some((i, MailboxRefusal::RoleTaken));
        }
        roles.insert(role, id);
        None
    }

    /// How many mailboxes there would be more than may be.
    fn excess(&self, outlook: &Outlook) -> usize {
        let made = outlook.seats.keys().filter(|id| **id < 0).count();
        let gone = outlook.gone.len() + outlook.replaced.len();
        let all = (self.tree.nodes.len() + made).saturating_sub(gone);
        all.saturating_sub(usize::try_from(MAILBOXES_MAX).unwrap_or(usize::MAX))
    }

    /// Leaves out the last that make so many mailboxes, and tells whether there are any. What takes the place of a name
    /// makes none more.
    fn refuse_last(&mut self, outlook: &Outlook, excess: usize) -> bool {
        let replacing: HashSet<i64> = outlook.replaced.values().copied().collect();
        let makes = |(i, change): &(usize, &MailboxChange)| {
            matches!(change, MailboxChange::Create(_)) && !replacing.contains(&unborn(*i))
        };
        let made: Vec<usize> = self.live().filter(makes).map(|(i, _)| i).collect();
        let stay = made.len().saturating_sub(excess);
        let mut live = made.len();
        for change in made.iter().rev() {
            if live <= stay {
                break;
            }
            if self.refused[*change].is_none() {
                self.refuse(*change, MailboxRefusal::Limit);
                live = made.iter().filter(|change| self.refused[**change].is_none()).count();
            }
        }
        !made.is_empty()
    }

    /// The changes that put a mailbox deeper than may be. One that would do so only for a later one above it is looked at
    /// again without that.
    fn too_deep(&self, outlook: &Outlook) -> Wrongs {
        let is_too_deep = |id: &i64| self.depth(outlook, *id) + self.height(outlook, *id) > DEPTH_MAX + 1;
        let deep = outlook.seats.keys().filter(|id| is_too_deep(id));
        let deep: HashMap<i64, usize> = deep.filter_map(|id| Some((*id, *outlook.by.get(id)?))).collect();
        let is_last = |(id, change): &(&i64, &usize)| {
            let mut above = self.way_up(outlook, **id).filter_map(|at| deep.get(&at));
            above.all(|other| other <= *change)
        };
        deep.iter().filter(is_last).map(|(_, change)| (*change, MailboxRefusal::Limit)).collect()
    }

    /// Names from the top down to a mailbox, its own with them.
    pub fn depth(&self, outlook: &Outlook, id: i64) -> usize {
        self.way_up(outlook, id).count()
    }

    fn way_up(&self, outlook: &Outlook, id: i64) -> impl Iterator<Item = i64> {
        std::iter::successors(Some(id), |at| Some(self.parent(outlook, *at)).filter(|at| *at != 0))
    }

    /// Names from a mailbox down to the lowest that came along with it, its own with them. Those that are put elsewhere
    /// are looked at there.
    fn height(&self, outlook: &Outlook, id: i64) -> usize {
        let (mut layer, mut height) = (vec![id], 0);
        while !layer.is_empty() {
            height += 1;
            let below = layer.iter().filter_map(|at| self.tree.below.get(at)).flatten();
            layer = below.filter(|at| !outlook.seats.contains_key(at) && !outlook.gone.contains(at)).copied().collect();
        }
        height
    }
}

fn update_refused(node: &Node, wish: &MailboxWish) -> Option<MailboxRefusal> {
    let is_inbox = node.role == Some(Role::Inbox);
    let moves = wish.parent.is_some_and(|parent| number(parent) != node.seat.0);
    let renames = wish.name.as_ref().is_some_and(|name| *name != node.seat.1);
    if is_inbox && (moves || renames) {
        return Some(MailboxRefusal::Inbox);
    }
    if wish.role.is_some_and(|role| role != node.role && (is_inbox || role == Some(Role::Inbox))) {
        return Some(MailboxRefusal::RoleTaken);
    }
    wish.name.as_deref().filter(|_| renames).and_then(name_refused)
}

fn name_refused(name: &str) -> Option<MailboxRefusal> {
    if name.is_empty() || name.contains(DELIMITER) {
        return Some(MailboxRefusal::BadName);
    }
    (name.len() > NAME_OCTETS_MAX).then_some(MailboxRefusal::Limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: usize = 1000;

    /// A line of mailboxes, each in the one before, then as many beside them at the top as are asked for.
    fn tree(deep: i64, all: i64) -> Tree {
        let node = |i: i64| {
            let parent = if (1..=deep).contains(&i) { i - 1 } else { 0 };
            (i, Node { seat: (parent, format!("box{i}")), role: None, subscribed: false, selectable: true })
        };
        Tree::new((1..=all.max(deep)).map(node).collect())
    }

    fn create(parent: i64, name: String) -> MailboxChange {
        let parent = (parent > 0).then_some(MailboxRef::Known(MailboxId(parent)));
        MailboxChange::Create(MailboxWish { name: Some(name), parent: Some(parent), ..MailboxWish::default() })
    }

    fn settled(tree: &Tree, changes: &[MailboxChange]) -> (usize, Vec<Option<MailboxRefusal>>) {
        let mut all = Arrangement::new(tree, changes);
        all.settle();
        (all.rounds, all.refused)
    }

    #[test]
    fn many_that_lie_too_deep_are_left_out_together() {
        let lowest = i64::try_from(DEPTH_MAX).unwrap_or(i64::MAX);
        let parent = |i| if i % 2 == 1 { lowest } else { lowest - 1 };
        let changes: Vec<_> = (0..MANY).map(|i| create(parent(i), format!("new{i}"))).collect();
        let (rounds, refused) = settled(&tree(lowest, 0), &changes);
        let right = (0..MANY).filter(|i| refused[*i] == (i % 2 == 1).then_some(MailboxRefusal::Limit));
        assert_eq!((rounds, right.count()), (2, MANY));
    }

    #[test]
    fn only_the_last_of_too_many_are_left_out_and_together() {
        let max = MAILBOXES_MAX.cast_signed();
        let changes: Vec<_> = (0..MANY).map(|i| create(0, format!("new{i}"))).collect();
        let (rounds, refused) = settled(&tree(0, max - 3), &changes);
        assert!(rounds <= 2, "{rounds}");
        assert_eq!(refused.iter().position(Option::is_some), Some(3));
        assert_eq!(refused.iter().flatten().count(), MANY - 3);
        assert_eq!(settled(&tree(0, max - 1000), &changes), (1, vec![None; MANY]));
    }

    #[test]
    fn many_that_are_wrong_are_left_out_together_in_the_end() {
        let changes: Vec<_> = (0..MANY).map(|i| create(0, format!("box{}", 1 + i % 2))).collect();
        let (rounds, refused) = settled(&tree(0, 2), &changes);
        assert_eq!((rounds, refused.iter().flatten().count()), (SINGLE_ROUNDS_MAX + 2, MANY));
        let few = &changes[..SINGLE_ROUNDS_MAX];
        assert_eq!(settled(&tree(0, 2), few).0, SINGLE_ROUNDS_MAX + 1);
    }
}
