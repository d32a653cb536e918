//! Statuses (RFC 3463) in plain words: what happened, and what the sender can do. The remote's own words come after them
//! in the report and may know better.

use wire::smtp::Enhanced;

/// What happened, and what to do about it.
pub(super) fn explain(status: Enhanced) -> (&'static str, &'static str) {
    let Enhanced(_, subject, detail) = status;
    let found = match subject {
        1 => address(detail),
        2 => mailbox(detail),
        3 => system(detail),
        4 => network(detail),
        5 => protocol(detail),
        6 => content(detail),
        7 => security(detail),
        _ => None,
    };
    found.unwrap_or(("The other mail system did not take it.", "Its own words below may say why."))
}

type Found = Option<(&'static str, &'static str)>;

fn address(detail: u16) -> Found {
    Some(match detail {
        2 => ("There is no such domain.", "Look for a mistake in what stands after the @."),
        3 => ("The address is not written as addresses are.", "Look for a mistake in it."),
        4 => ("The address leads to more than one person.", "Ask the person for an address of their own."),
        6 => ("The person has moved to another address.", "Ask the person for it."),
        7 | 8 => ("Your own address is not accepted there.", "Ask your mail administrator to look into it."),
        10 => ("The domain takes no mail at all.", "Look for a mistake in what stands after the @."),
        _ => ("There is no such address.", "Look for a mistake in the address, or reach the person in another way."),
    })
}

fn mailbox(detail: u16) -> Found {
    Some(match detail {
        1 => ("The mailbox is closed.", "Reach the person in another way."),
        2 => ("The mailbox is full.", "Tell the person in another way, and send it again later."),
        3 => TOO_LARGE,
        4 => ("The mailing list does not work.", "Write to its owner."),
        _ => ("The mailbox does not take mail now.", "Send it again later."),
    })
}

const TOO_LARGE: (&str, &str) = ("The message is too large for it.", "Send less at a time, or a link in its place.");

fn system(detail: u16) -> Found {
    Some(match detail {
        1 => ("The other mail system has no space left.", "Send it again later."),
        2 => {
            ("The other host takes no mail.", "Look for a mistake in what stands after the @, or send it again later.")
        }
        4 => TOO_LARGE,
        _ => ("The other mail system has a fault.", "Send it again later."),
    })
}

fn network(detail: u16) -> Found {
    Some(match detail {
        1 => (
            "The other mail system could not be reached.",
            "Look for a mistake in what stands after the @, or send it again later.",
        ),
        2 => ("The connection to the other mail system broke.", "Send it again later."),
        3 | 4 => (
            "The way to the domain could not be found.",
            "Look for a mistake in what stands after the @, or send it again later.",
        ),
        6 => ("The message went in circles.", "Ask your mail administrator to look into it."),
        7 => ("The message was on its way for too long.", "Send it again if it still matters."),
        _ => ("The network did not carry it.", "Send it again later."),
    })
}

fn protocol(detail: u16) -> Found {
    Some(match detail {
        3 => ("The message has too many recipients.", "Send it to fewer at a time."),
        _ => ("The two mail systems did not understand each other.", "Ask your mail administrator to look into it."),
    })
}

fn content(detail: u16) -> Found {
    Some(match detail {
        7 | 9 | 10 => (
            "The other mail system does not know addresses with letters like those.",
            "Ask the person for an address in plain letters.",
        ),
        1..=5 => ("The other mail system cannot carry what is in the message.", "Send it in another form."),
        _ => ("The other mail system does not like what is in the message.", "Change it, or ask the person how."),
    })
}

fn security(detail: u16) -> Found {
    Some(match detail {
        4 | 5 | 10 | 30 => (
            "No safe connection to the other mail system could be made.",
            "Ask your mail administrator to look into it.",
        ),
        8 | 9 | 13 => ("The next mail system did not accept our login.", "Tell your mail administrator."),
        20..=29 => ("The other mail system could not make sure that it is from you.", "Tell your mail administrator."),
        _ => (
            "The other mail system refused it by its rules.",
            "Its own words below may say which; show them to your mail administrator.",
        ),
    })
}
