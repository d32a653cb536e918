//! Random letters, each made from its seed, and what a reader must find in one.

use agent::letter::{Attachment, Beside, Correspondent, Form, Group, Letter, Recipients};
use message::date::Date;

/// When all of them are written.
pub const NOW: Date = Date { unix_seconds: 1_795_238_264, offset_minutes: Some(60) };

/// Numbers that look random and are the same for the same seed (xorshift64*).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from((self.next() >> 33) % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    fn once_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

const WORDS: [&str; 22] = [
    "ketchup",
    "crêpe",
    "Zoë",
    "O'Neil",
    "(y)",
    "a,b",
    "\"q\"",
    "=?utf-8?Q?no?=",
    "日本語",
    "Ильдар",
    "🥞",
    "x@y",
    "Jr.",
    "שלום",
    "<b>",
    "a;b",
    "a:b",
    "back\\slash",
    "100%",
    "the",
    "of",
    "Really-quite-a-long-word-that-has-no-end-and-goes-on",
];

/// Words with one space between them.
fn phrase(random: &mut Random, words_max: usize) -> String {
    let count = 1 + random.below(words_max);
    (0..count).map(|_| random.one_of(&WORDS)).collect::<Vec<_>>().join(" ")
}

const ADDRESSES: [&str; 10] = [
    "alice@crepes.fr",
    "bob@hamburger.edu",
    "bob.builder+news@sub.hamburger.edu",
    "\"john doe\"@crepes.fr",
    "x@bücher.example",
    "a_b-c@sub.crepes.fr",
    "me@[192.0.2.1]",
    "o'neil@crepes.fr",
    "a-very-long-local-part-that-is-still-within-sixty-four-octets-ok@a-rather-long-name-of-a-host.crepes.fr",
    "z@y.example",
];

fn person(random: &mut Random) -> Correspondent {
    let name = (!random.once_in(3)).then(|| phrase(random, 4));
    Correspondent { name, email: random.one_of(&ADDRESSES).to_owned() }
}

fn people(random: &mut Random, most: usize) -> Recipients {
    let mut list = Recipients::default();
    for _ in 0..random.below(most + 1) {
        if random.once_in(8) {
            let members = (0..random.below(4)).map(|_| person(random)).collect();
            list.0.push(Group { name: Some(phrase(random, 2)), members });
        } else {
            list.push(person(random));
        }
    }
    list
}

fn text(random: &mut Random) -> String {
    const LINES: [&str; 12] = [
        "",
        ".",
        "..",
        "From here",
        ">From there",
        "-- ",
        "ends with a space ",
        "tab\tand\ttab\t",
        "= = =20 =C3",
        "--=_0001",
        "> quoted",
        "begin 644 x",
    ];
    let mut text = String::new();
    for _ in 0..random.below(12) {
        match random.below(6) {
            0 => text.push_str(random.one_of(&LINES)),
            1 => text.push_str(&"x".repeat(random.below(1500))),
            2 => text.push_str(&"é".repeat(random.below(300))),
            _ => text.push_str(&phrase(random, 20)),
        }
        text.push('\n');
    }
    if random.once_in(4) {
        text.push_str("no end");
    }
    text
}

const TYPES: [&str; 9] = [
    "image/jpeg",
    "image/gif",
    "video/mpeg",
    "audio/basic",
    "application/postscript",
    "application/octet-stream",
    "application/x-unknown.kind+x",
    "text/csv",
    "model/vrml",
];

fn attachment(random: &mut Random, number: usize, html: bool) -> Attachment {
    let octets: Vec<u8> = (0..random.below(200)).map(|_| u8::try_from(random.below(256)).unwrap()).collect();
    let media_type = random.one_of(&TYPES).to_owned();
    let octets = if media_type.starts_with("text/") { text(random).replace('\n', "\r\n").into_bytes() } else { octets };
    let shown = html && random.once_in(2);
    Attachment {
        name: Some(format!("{number} {}.bin", phrase(random, 5).replace('/', "-"))),
        media_type,
        description: random.once_in(2).then(|| phrase(random, 6)),
        content_id: shown.then(|| format!("{number}.{}@crepes.fr", random.below(1000))),
        is_inline: shown,
        octets,
        ..Attachment::default()
    }
}

/// The letter of a seed.
pub fn letter(seed: u64) -> Letter {
    let mut random = Random::new(seed);
    let random = &mut random;
    let html = random.once_in(3).then(|| format!("<p>{}</p>\n", phrase(random, 8)));
    let has_html = html.is_some();
    let mut letter = Letter {
        from: Recipients(vec![Group { name: None, members: vec![person(random)] }]),
        to: people(random, 5),
        cc: people(random, 3),
        bcc: Recipients::one(None, "secret@crepes.fr"),
        subject: phrase(random, 15),
        references: (0..random.below(6)).map(|number| format!("{number}.{seed}@crepes.fr")).collect(),
        text: text(random) + "x",
        html,
        attachments: (0..random.below(4)).map(|number| attachment(random, number, has_html)).collect(),
        extra: if random.once_in(3) { vec![("X-Mood".to_owned(), phrase(random, 9))] } else { Vec::new() },
        form: Form { eight_bit: random.once_in(4), ..Form::default() },
        ..Letter::default()
    };
    if random.once_in(6) {
        letter.form.beside = Beside::Parallel;
    }
    if random.once_in(6) {
        let inner = format!("From: a@b.example\r\nSubject: {}\r\n\r\nx\r\n", random.below(100));
        letter.forwarded = vec![inner.into_bytes(); 1 + random.below(3)];
        letter.form.digest = random.once_in(2);
    }
    letter
}

/// A part that holds something, as a reader finds it. Of messages within only the type is looked at.
#[derive(Clone, PartialEq, Eq)]
pub struct Leaf {
    pub media_type: String,
    pub name: Option<String>,
    pub id: Option<String>,
    pub description: Option<String>,
    pub octets: Vec<u8>,
}

/// What a reader must find, in order.
pub fn expected(letter: &Letter) -> Vec<Leaf> {
    let plain = |media_type: &str, text: &str| Leaf {
        media_type: media_type.to_owned(),
        name: None,
        id: None,
        description: None,
        octets: text.replace('\n', "\r\n").into_bytes(),
    };
    let file = |file: &Attachment| Leaf {
        media_type: file.media_type.clone(),
        name: file.name.clone(),
        id: file.content_id.clone(),
        description: file.description.clone(),
        octets: file.octets.clone(),
    };
    let mut leaves = vec![plain("text/plain", &letter.text)];
    leaves.extend(letter.html.as_ref().map(|html| plain("text/html", html)));
    leaves.extend(letter.attachments.iter().filter(|file| file.is_inline).map(file));
    leaves.extend(letter.attachments.iter().filter(|file| !file.is_inline).map(file));
    leaves.extend(letter.forwarded.iter().map(|_| plain("message/rfc822", "")));
    leaves
}

impl std::fmt::Debug for Leaf {
    /// So much that one sees what it is about.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let start = String::from_utf8_lossy(&self.octets[..self.octets.len().min(60)]).into_owned();
        let Leaf { media_type, name, id, description, octets } = self;
        write!(f, "{media_type} {name:?} {id:?} {description:?} {} {start:?}", octets.len())
    }
}

/// The parts found are those expected, or the first that is not is shown.
pub fn compare(found: &[Leaf], letter: &Letter, seed: u64) {
    let expected = expected(letter);
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected, "seed {seed}");
    }
    assert_eq!(found.len(), expected.len(), "seed {seed}");
}
