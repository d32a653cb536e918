//! Several sessions that change the names of mailboxes at the same time: each command is carried out as if it were alone,
//! and the tree is what those who heard OK made of it.

use super::*;

/// Desks that try the same at once.
const DESKS: usize = 6;
/// How often they try it: every round is another chance to get between the look and the deed.
const ROUNDS: usize = 12;
/// Deeds of each desk among names that all of them use.
const DEEDS: u32 = 30;

fn create(text: &str) -> Ask {
    Ask::Create { name: name(text), special_use: vec![] }
}

fn rename(from: &str, to: &str) -> Ask {
    Ask::Rename { from: name(from), to: name(to) }
}

async fn desks(house: &House, count: usize) -> Vec<ImapDesk> {
    let mut desks = vec![];
    for _ in 0..count {
        desks.push(house.desk("bob").await);
    }
    desks
}

/// Asks each desk its question, all at once; the desks and their answers.
async fn at_once(desks: Vec<ImapDesk>, question: impl Fn(usize) -> Ask) -> (Vec<ImapDesk>, Vec<Answer>) {
    let start = Arc::new(tokio::sync::Barrier::new(desks.len()));
    let mut tasks = vec![];
    for (number, mut desk) in desks.into_iter().enumerate() {
        let (start, question) = (start.clone(), question(number));
        tasks.push(tokio::spawn(async move {
            start.wait().await;
            let answer = ask(&mut desk, question).await;
            (desk, answer)
        }));
    }
    let (mut desks, mut answers) = (vec![], vec![]);
    for task in tasks {
        let (desk, answer) = task.await.unwrap();
        desks.push(desk);
        answers.push(answer);
    }
    (desks, answers)
}

fn is_done(answer: &Answer) -> bool {
    matches!(answer, Answer::Done | Answer::Created(_))
}

/// Who of them heard OK, when all others heard this.
fn winner(answers: &[Answer], others: &Refusal) -> usize {
    let winners: Vec<usize> = (0..answers.len()).filter(|number| is_done(&answers[*number])).collect();
    assert_eq!(winners.len(), 1, "{answers:?}");
    for answer in answers.iter().filter(|answer| !is_done(answer)) {
        assert!(matches!(answer, Answer::Refused(refusal) if refusal == others), "{answer:?}");
    }
    winners[0]
}

/// Mailboxes that bob did not have from the start.
async fn made(desk: &mut ImapDesk) -> Vec<String> {
    let all = folders(desk).await;
    let own = ["INBOX", "Archive", "Drafts", "Sent", "Junk", "Trash"];
    let names = all.iter().map(|folder| folder.name.as_str().to_owned());
    names.filter(|name| !own.contains(&name.as_str())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_that_rename_or_delete_one_mailbox_one_does() {
    let (house, mut watcher) = bob().await;
    let mut desks = desks(&house, DESKS).await;
    for _ in 0..ROUNDS {
        let answers;
        (desks, answers) = at_once(desks, |_| create("one")).await;
        winner(&answers, &Refusal::AlreadyExists);
        let answers;
        (desks, answers) = at_once(desks, |number| rename("one", &format!("to{number}"))).await;
        let to = format!("to{}", winner(&answers, &Refusal::NonExistent));
        assert_eq!(made(&mut watcher).await, [to.as_str()]);
        let either = |number: usize| match number % 2 {
            0 => Ask::Delete(name(&to)),
            _ => rename(&to, "last"),
        };
        let answers;
        (desks, answers) = at_once(desks, either).await;
        if winner(&answers, &Refusal::NonExistent) % 2 == 1 {
            assert_eq!(made(&mut watcher).await, ["last"]);
            done(&mut watcher, Ask::Delete(name("last"))).await;
        }
        assert!(made(&mut watcher).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_that_want_one_name_one_gets_it() {
    let (house, mut watcher) = bob().await;
    let mut desks = desks(&house, DESKS).await;
    for number in 0..DESKS {
        done(&mut watcher, create(&format!("from{number}"))).await;
    }
    for _ in 0..ROUNDS {
        let answers;
        (desks, answers) = at_once(desks, |number| rename(&format!("from{number}"), "to")).await;
        let from = winner(&answers, &Refusal::AlreadyExists);
        assert_eq!(made(&mut watcher).await.len(), DESKS);
        done(&mut watcher, rename("to", &format!("from{from}"))).await;
    }
}

/// What lies below a name is not found by the old name once the name is another: both commands in some order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_below_one_that_is_renamed_are_the_old_or_the_new() {
    let (house, mut watcher) = bob().await;
    let mut desks = desks(&house, 3).await;
    for _ in 0..ROUNDS {
        done(&mut watcher, create("a/b")).await;
        let questions = |number| match number {
            0 => rename("a", "z"),
            1 => rename("a/b", "c"),
            _ => create("a/d"),
        };
        let answers;
        (desks, answers) = at_once(desks, questions).await;
        assert!(is_done(&answers[0]) && is_done(&answers[2]), "{answers:?}");
        let after = made(&mut watcher).await;
        let mut expected = vec!["z"];
        expected.push(if is_done(&answers[1]) { "c" } else { "z/b" });
        // Made before or after: then what is above was made anew.
        expected.extend(if after.iter().any(|name| name == "z/d") { vec!["z/d"] } else { vec!["a", "a/d"] });
        expected.sort_unstable();
        assert_eq!(after, expected, "{answers:?}");
        for name in after.iter().rev() {
            done(&mut watcher, Ask::Delete(self::name(name))).await;
        }
    }
}

/// Every OK counts once: names that were made, less those that were removed, are there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tree_is_what_was_acknowledged() {
    let (house, mut watcher) = bob().await;
    let mut tasks = vec![];
    for mut desk in desks(&house, DESKS).await {
        let number = u32::try_from(tasks.len()).unwrap();
        tasks.push(tokio::spawn(async move {
            let mut balance = 0_i64;
            for deed in 0..DEEDS {
                let dice = (deed * 8 + number).wrapping_mul(2_654_435_761) >> 8;
                let (one, other) = (format!("n{}", dice / 3 % 3), format!("n{}", dice / 9 % 3));
                let (question, change) = match dice % 3 {
                    0 => (create(&one), 1),
                    1 => (Ask::Delete(name(&one)), -1),
                    _ => (rename(&one, &other), 0),
                };
                match ask(&mut desk, question).await {
                    answer if is_done(&answer) => balance += change,
                    Answer::Refused(Refusal::NonExistent | Refusal::AlreadyExists) => {}
                    other => panic!("{other:?}"),
                }
            }
            balance
        }));
    }
    let mut balance = 0;
    for task in tasks {
        balance += task.await.unwrap();
    }
    let there = made(&mut watcher).await;
    assert_eq!(i64::try_from(there.len()).unwrap(), balance, "{there:?}");
}
