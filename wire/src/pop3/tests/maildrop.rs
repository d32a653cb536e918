//! Reading and removing messages.

use super::*;

#[test]
fn a_visit() {
    let mut drive = Drive::logged_in();
    assert_eq!(drive.say("STAT"), "+OK 3 600\r\n");
    assert_eq!(drive.say("LIST"), "+OK 3 visible messages (600 octets)\r\n1 100\r\n2 200\r\n3 300\r\n.\r\n");
    assert_eq!(drive.say("LIST 2"), "+OK 2 200\r\n");
    assert_eq!(drive.say("UIDL 2"), "+OK 2 00000abc0000000c\r\n");
    assert_eq!(drive.say("RETR 2"), "+OK 200 octets\r\n<2 all>\r\n");
    assert_eq!(drive.say("TOP 2 10"), "+OK the top of the message\r\n<2 10>\r\n");
    assert_eq!(drive.say("DELE 2"), "+OK message 2 is marked as deleted\r\n");
    assert_eq!(drive.say("STAT"), "+OK 2 400\r\n");
    let unique_ids = "1 00000abc0000000b\r\n3 00000abc0000000d\r\n.\r\n";
    assert_eq!(drive.say("UIDL"), format!("+OK 2 visible messages (400 octets)\r\n{unique_ids}"));
    assert_eq!(drive.say("QUIT"), "+OK hamburger.edu closing the connection\r\n");
    assert!(drive.closed);
    let fetch = Ask::Fetch { source: 2 };
    assert_eq!(drive.asks, [fetch.clone(), fetch, Ask::Update { deleted: vec![2] }]);
}

#[test]
fn numbers_that_name_nothing_are_refused_and_not_counted() {
    let mut drive = Drive::logged_in();
    drive.say("DELE 1");
    for _ in 0..20 {
        for command in ["RETR", "LIST", "UIDL", "DELE", "TOP"] {
            let lines = if command == "TOP" { " 0" } else { "" };
            assert_eq!(drive.say(&format!("{command} 0{lines}")), "-ERR no such message\r\n");
            assert_eq!(drive.say(&format!("{command} 4{lines}")), "-ERR no such message\r\n");
            assert_eq!(drive.say(&format!("{command} 1{lines}")), "-ERR that message is marked as deleted\r\n");
        }
    }
    assert!(drive.asks.is_empty() && !drive.closed);
}

#[test]
fn rset_unmarks() {
    let mut drive = Drive::logged_in();
    drive.feed(b"DELE 1\r\nDELE 3\r\n");
    assert_eq!(drive.say("RSET"), "+OK 3 visible messages (600 octets)\r\n");
    drive.say("QUIT");
    assert!(drive.closed && drive.asks.is_empty(), "nothing to update");
}

/// RFC 6856 §2.1.
#[test]
fn utf8_in_a_header_is_for_those_who_said_utf8() {
    let refused = "-ERR [UTF8] that message has UTF-8 in its header; say UTF8 before login\r\n";
    let mut drive = Drive::logged_in();
    assert_eq!(drive.say("RETR 3"), refused);
    assert_eq!(drive.say("TOP 3 0"), refused);
    assert_eq!(drive.say("LIST 3"), "+OK 3 300\r\n");
    assert!(drive.asks.is_empty());

    let mut drive = Drive::greeted(profile());
    assert_eq!(drive.say("UTF8"), "+OK UTF-8 it is\r\n");
    drive.log_in();
    assert_eq!(drive.say("RETR 3"), "+OK 300 octets\r\n<3 all>\r\n");
    assert_eq!(drive.say("UTF8"), "-ERR not after login\r\n");
}

#[test]
fn what_the_desk_will_not_do_has_its_code() {
    for (refusal, reply) in [
        (Refusal::Gone, "-ERR that message was removed by another session\r\n"),
        (Refusal::Temporary, "-ERR [SYS/TEMP] not possible now; try again later\r\n"),
        (Refusal::Permanent, "-ERR [SYS/PERM] not possible; the administrator must look into it\r\n"),
    ] {
        let mut drive = Drive::logged_in();
        for command in ["RETR 1", "TOP 1 1"] {
            drive.answers = vec![Answer::Refused(refusal)];
            assert_eq!(drive.say(command), reply);
        }
        assert!(!drive.closed);
        let mut drive = Drive::greeted(profile());
        drive.say("USER bob");
        drive.answers = vec![Answer::Refused(refusal), Answer::Sasl(accepted())];
        assert_eq!(drive.say("PASS hungry"), reply);
        assert!(drive.closed);
    }
}

#[test]
fn a_failed_update_is_told() {
    for (refusal, code) in [(Refusal::Temporary, "[SYS/TEMP]"), (Refusal::Permanent, "[SYS/PERM]")] {
        let mut drive = Drive::logged_in();
        drive.say("DELE 1");
        drive.answers = vec![Answer::Refused(refusal)];
        assert_eq!(drive.say("QUIT"), format!("-ERR {code} some deleted messages were not removed\r\n"));
        assert!(drive.closed);
    }
}

#[test]
fn pipelined_commands_are_answered_in_order() {
    let visit = b"USER bob\r\nPASS hungry\r\nSTAT\r\nRETR 1\r\nDELE 1\r\nRETR 2\r\nQUIT\r\n";
    let mut drive = Drive::greeted(profile());
    let all = drive.feed(visit);
    let mut drive = Drive::greeted(profile());
    let one_by_one: String = visit.iter().map(|octet| drive.feed(&[*octet])).collect();
    assert_eq!(all, one_by_one);
    assert_eq!(all.lines().count(), 9);
}
