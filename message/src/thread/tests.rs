#![allow(clippy::unwrap_used)]
use super::*;
use crate::{Summary, Time, parse};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// What a message says of itself: id, references, subject, day of January.
type Mail = (Option<String>, Vec<String>, String, u8);

fn mail(id: &str, references: &[&str], subject: &str, day: u8) -> Mail {
    let id = Some(id.to_owned()).filter(|id| !id.is_empty());
    (id, references.iter().map(|id| (*id).to_owned()).collect(), subject.to_owned(), day)
}

fn summary((id, references, subject, day): &Mail) -> Summary {
    let mut header = format!("Subject: {subject}\r\nDate: {day} Jan 2026 00:00 +0000\r\n");
    if let Some(id) = id {
        header += &format!("Message-ID: <{id}@x>\r\n");
    }
    if !references.is_empty() {
        let ids: Vec<String> = references.iter().map(|id| format!("<{id}@x>")).collect();
        header += &format!("References: {}\r\n", ids.join("\r\n "));
    }
    Summary::of(&parse(format!("{header}\r\n").as_bytes()))
}

fn sorted(uid: u32) -> Sorted {
    Sorted { uid, arrival: Time(0), size: 0 }
}

/// `(1 (2)(3 4))`, a missing message without a number, as RFC 5256 §4 writes it but for spaces.
fn shown(threads: &[Threaded]) -> String {
    let mut text = String::new();
    let mut open: Vec<u32> = Vec::new();
    let mut before: Option<Threaded> = None;
    for line in threads {
        let nested = before.is_none_or(|before| before.children != 1 || before.depth >= line.depth);
        while open.last().is_some_and(|depth| *depth >= line.depth) {
            open.pop();
            text.push(')');
        }
        if nested {
            open.push(line.depth);
            text.push('(');
        } else {
            text.push(' ');
        }
        text += &line.uid.map(|uid| uid.to_string()).unwrap_or_default();
        before = Some(*line);
    }
    text + &")".repeat(open.len())
}

fn references(mails: &[Mail]) -> String {
    let mut threads = References::default();
    (1..).zip(mails).for_each(|(uid, mail)| threads.push(sorted(uid), &summary(mail)));
    shown(&threads.finish())
}

fn ordered(mails: &[Mail]) -> String {
    let mut threads = OrderedSubject::default();
    (1..).zip(mails).for_each(|(uid, mail)| threads.push(sorted(uid), &summary(mail)));
    shown(&threads.finish())
}

#[test]
fn subjects_alone_make_threads() {
    let mails = [
        mail("", &[], "b", 2),
        mail("", &[], "Re: a", 3),
        mail("", &[], "A", 1),
        mail("", &[], "re: b", 4),
        mail("", &[], "b", 3),
        mail("", &[], "", 5),
        mail("", &[], "c", 4),
    ];
    assert_eq!(ordered(&mails), "(3 2)(1(5)(4))(7)(6)");
    assert_eq!(ordered(&[]), "");
}

#[test]
fn references_make_threads() {
    for (mails, threads) in [
        (vec![], ""),
        (vec![mail("a", &[], "x", 1), mail("b", &["a"], "Re: x", 2), mail("c", &["a", "b"], "Re: x", 3)], "(1 2 3)"),
        // In any order of arrival, and with the middle one missing.
        (vec![mail("c", &["a", "b"], "Re: x", 3), mail("a", &[], "x", 1)], "(2 1)"),
        (vec![mail("b", &["a"], "x", 2), mail("c", &["a"], "x", 1)], "((2)(1))"),
        (vec![mail("b", &["a"], "x", 2)], "(1)"),
        // The last reference wins over what others said before.
        (vec![mail("c", &["a", "b"], "q", 3), mail("a", &[], "r", 1), mail("b", &["z"], "s", 2)], "(2)(3 1)"),
        // Loops are not closed.
        (vec![mail("a", &["b"], "x", 1), mail("b", &["a"], "y", 2)], "(2 1)"),
        (vec![mail("a", &["a"], "x", 1)], "(1)"),
        // The same id twice: the first has it.
        (vec![mail("a", &[], "x", 1), mail("a", &[], "y", 2), mail("b", &["a"], "z", 3)], "(1 3)(2)"),
        // By subject: a reply below what it replies to, two of a kind below nothing.
        (vec![mail("a", &[], "x", 1), mail("b", &[], "Re: x", 2), mail("c", &[], "X", 3)], "((1 2)(3))"),
        (vec![mail("a", &[], "Re: x", 1), mail("b", &[], "x", 2), mail("c", &[], "Fwd: x", 3)], "(2(1)(3))"),
        (vec![mail("a", &[], "", 1), mail("b", &[], "Re:", 2)], "(1)(2)"),
        // Two threads without their heads become one.
        (
            vec![
                mail("b", &["a"], "x", 1),
                mail("c", &["a"], "x", 4),
                mail("d", &["z"], "x", 3),
                mail("e", &["z"], "x", 2),
            ],
            "((1)(4)(3)(2))",
        ),
    ] {
        assert_eq!(references(&mails), threads, "{mails:?}");
    }
}

#[test]
fn quotes_in_ids_make_no_difference_and_only_one_reply_counts() {
    let summaries = [
        "Message-ID: <a.b@x>\r\n\r\n",
        "Message-ID: <c@x>\r\nSubject: q\r\nReferences: <\"a\\.b\"@x>\r\n\r\n",
        "Message-ID: <d@x>\r\nSubject: r\r\nIn-Reply-To: <a.b@x> <c@x>\r\n\r\n",
    ];
    let mut threads = References::default();
    for (uid, content) in (1..).zip(summaries) {
        threads.push(sorted(uid), &Summary::of(&parse(content.as_bytes())));
    }
    assert_eq!(shown(&threads.finish()), "(1(2)(3))");
}

/// A chain as long as the mailbox, named from its end, from its beginning, and crosswise: no walk up the chain each time, and
/// no call within a call.
#[test]
fn the_worst_orders_take_no_longer() {
    const COUNT: u32 = 5_000;
    let chain = |uid: u32| mail(&uid.to_string(), &[&(uid + 1).to_string()], "", 1);
    let orders: [Box<dyn Fn(u32) -> u32>; 3] =
        [Box::new(|n| n), Box::new(|n| COUNT - 1 - n), Box::new(|n| (n * 7919) % COUNT)];
    for order in orders {
        let mut threads = References::default();
        for n in 0..COUNT {
            let uid = order(n);
            threads.push(sorted(uid), &summary(&chain(uid)));
        }
        let lines = threads.finish();
        assert_eq!(lines.len(), COUNT as usize);
        assert_eq!(lines.last().map(|line| (line.uid, line.depth)), Some((Some(0), COUNT - 1)));
    }
}

/// The six steps of RFC 5256 §3 as they are written: walking, calling itself, in any time it takes.
#[derive(Default)]
struct ByTheBook {
    parent: Vec<Option<usize>>,
    uid: Vec<Option<u32>>,
    ids: BTreeMap<String, usize>,
}

impl ByTheBook {
    fn node(&mut self, id: &str) -> usize {
        if !self.ids.contains_key(id) {
            let node = self.add(None);
            self.ids.insert(id.to_owned(), node);
        }
        self.ids[id]
    }

    fn add(&mut self, uid: Option<u32>) -> usize {
        self.parent.push(None);
        self.uid.push(uid);
        self.uid.len() - 1
    }

    fn link(&mut self, child: usize, parent: usize) {
        let mut up = Some(parent);
        while let Some(node) = up {
            if node == child {
                return;
            }
            up = self.parent[node];
        }
        self.parent[child] = Some(parent);
    }

    fn push(&mut self, uid: u32, (id, references, _, _): &Mail) {
        let references: Vec<usize> = references.iter().map(|id| self.node(id)).collect();
        for pair in references.windows(2) {
            if self.parent[pair[1]].is_none() {
                self.link(pair[1], pair[0]);
            }
        }
        let known = id.as_ref().map(|id| self.node(id)).filter(|node| self.uid[*node].is_none());
        let node = known.unwrap_or_else(|| self.add(None));
        self.uid[node] = Some(uid);
        self.parent[node] = None;
        if let Some(last) = references.last() {
            self.link(node, *last);
        }
    }

    fn children(&self, node: usize) -> Vec<usize> {
        (0..self.uid.len()).filter(|child| self.parent[*child] == Some(node)).collect()
    }

    /// Step 3 below a node: its children with dummies spliced out.
    fn tree(&self, node: usize) -> Tree {
        let spliced = self.children(node).into_iter().flat_map(|child| match self.tree(child) {
            Tree(None, below) => below,
            tree => vec![tree],
        });
        Tree(self.uid[node], spliced.collect())
    }

    fn tops(&self) -> Vec<Tree> {
        let tops = (0..self.uid.len()).filter(|node| self.parent[*node].is_none()).map(|node| self.tree(node));
        tops.filter_map(|tree| match tree {
            Tree(None, mut below) if below.len() < 2 => below.pop(),
            tree => Some(tree),
        })
        .collect()
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Tree(Option<u32>, Vec<Tree>);

impl Tree {
    fn speaker(&self) -> u32 {
        self.0.unwrap_or_else(|| self.1[0].0.unwrap())
    }

    fn sort(trees: &mut [Tree], day: &impl Fn(u32) -> u8) {
        trees.iter_mut().for_each(|tree| Tree::sort(&mut tree.1, day));
        trees.sort_by_key(|tree| (day(tree.speaker()), tree.speaker()));
    }

    fn lines(&self, depth: u32, out: &mut Vec<Threaded>) {
        out.push(Threaded { uid: self.0, depth, children: self.1.len() as u32 });
        self.1.iter().for_each(|below| below.lines(depth + 1, out));
    }
}

fn merge(tops: Vec<Tree>, subject: impl Fn(u32) -> (String, bool)) -> Vec<Tree> {
    let of = |tree: &Tree| subject(tree.speaker()).0;
    let is_reply = |tree: &Tree| tree.0.is_some_and(|uid| subject(uid).1);
    let mut slots: Vec<Option<Tree>> = tops.into_iter().map(Some).collect();
    let mut table: BTreeMap<String, usize> = BTreeMap::new();
    for n in 0..slots.len() {
        let tree = slots[n].as_ref().unwrap();
        match table.get(&of(tree)).map(|known| slots[*known].as_ref().unwrap()) {
            _ if of(tree).is_empty() => {}
            Some(known) if known.0.is_none() || (tree.0.is_some() && (!is_reply(known) || is_reply(tree))) => {}
            _ => drop(table.insert(of(tree), n)),
        }
    }
    for n in 0..slots.len() {
        let text = of(slots[n].as_ref().unwrap());
        let Some(known) = table.get(&text).copied().filter(|known| *known != n) else { continue };
        let (current, mut other) = (slots[n].take().unwrap(), slots[known].take().unwrap());
        slots[known] = Some(match (&current, &other) {
            (Tree(None, _), Tree(None, _)) => {
                other.1.extend(current.1);
                other
            }
            (_, Tree(None, _)) => {
                other.1.push(current);
                other
            }
            _ if is_reply(&current) && !is_reply(&other) => {
                other.1.push(current);
                other
            }
            _ => Tree(None, vec![other, current]),
        });
    }
    slots.into_iter().flatten().collect()
}

fn by_the_book(mails: &[Mail]) -> String {
    let mut book = ByTheBook::default();
    (1..).zip(mails).for_each(|(uid, mail)| book.push(uid, mail));
    let day = |uid: u32| mails[uid as usize - 1].3;
    let subject = |uid: u32| {
        let base = base_subject(&mails[uid as usize - 1].2);
        (base.text.to_uppercase(), base.is_reply)
    };
    let mut tops = book.tops();
    Tree::sort(&mut tops, &day);
    let mut merged = merge(tops, subject);
    Tree::sort(&mut merged, &day);
    let mut lines = Vec::new();
    merged.iter().for_each(|tree| tree.lines(0, &mut lines));
    shown(&lines)
}

proptest! {
    #[test]
    fn threads_are_those_of_the_book(mails in prop::collection::vec(
        (prop::option::of("[a-f]"), prop::collection::vec("[a-h]", 0..4), "(Re: )?[xyz]?", 1_u8..9), 0..14,
    )) {
        prop_assert_eq!(references(&mails), by_the_book(&mails));
    }
}
