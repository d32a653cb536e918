//! The parameters of MAIL and RCPT: SIZE (RFC 1870), BODY (RFC 6152, 3030), SMTPUTF8 (RFC 6531), AUTH (RFC 4954 §5),
//! RET, ENVID, NOTIFY and ORCPT (RFC 3461 §4). Each may stand once.

use super::ask::{Body, Notify, Recipient, Return, Sender};
use super::command::CommandError;
use super::{limits, xtext};
use std::fmt;

type Parsed<T> = Result<T, CommandError>;

/// One parameter as it stands: keyword, and what follows `=`.
struct Parameter<'a> {
    keyword: &'a str,
    value: Option<&'a str>,
}

impl<'a> Parameter<'a> {
    /// RFC 5321 §4.1.2: `esmtp-param`.
    fn read(text: &'a str) -> Parsed<Parameter<'a>> {
        let (keyword, value) = match text.split_once('=') {
            Some((keyword, value)) => (keyword, Some(value)),
            None => (text, None),
        };
        let keyword_sound = keyword.bytes().next().is_some_and(|c| c.is_ascii_alphanumeric())
            && keyword.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
        let value_sound =
            value.is_none_or(|value| !value.is_empty() && !value.chars().any(|c| c == '=' || c.is_control()));
        if keyword_sound && value_sound {
            Ok(Parameter { keyword, value })
        } else {
            Err(CommandError::Argument("a parameter has the form KEYWORD or KEYWORD=value"))
        }
    }

    fn is(&self, keyword: &str) -> bool {
        self.keyword.eq_ignore_ascii_case(keyword)
    }

    fn value(&self) -> Parsed<&'a str> {
        self.value.ok_or(CommandError::Argument("the parameter needs a value"))
    }

    fn no_value(&self) -> Parsed<()> {
        if self.value.is_none() { Ok(()) } else { Err(CommandError::Argument("the parameter takes no value")) }
    }
}

/// Puts a value where none was; a second one is refused.
fn once<T>(place: &mut Option<T>, value: T) -> Parsed<()> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(CommandError::Argument("a parameter stands twice")),
    }
}

fn each(text: &str) -> impl Iterator<Item = Parsed<Parameter<'_>>> {
    text.split(' ').filter(|word| !word.is_empty()).map(Parameter::read)
}

/// Reads the parameters of MAIL into `sender`.
pub fn read_mail(text: &str, sender: &mut Sender) -> Parsed<()> {
    let mut body = None;
    let mut smtputf8 = None;
    for parameter in each(text) {
        let parameter = parameter?;
        if parameter.is("SIZE") {
            once(&mut sender.size, size(parameter.value()?)?)?;
        } else if parameter.is("BODY") {
            once(&mut body, body_type(parameter.value()?)?)?;
        } else if parameter.is("SMTPUTF8") {
            parameter.no_value()?;
            once(&mut smtputf8, ())?;
        } else if parameter.is("RET") {
            once(&mut sender.ret, ret(parameter.value()?)?)?;
        } else if parameter.is("ENVID") {
            once(&mut sender.envid, envid(parameter.value()?)?)?;
        } else if parameter.is("AUTH") {
            once(&mut sender.auth, auth(parameter.value()?)?)?;
        } else {
            return Err(CommandError::Unimplemented("parameter"));
        }
    }
    sender.body = body.unwrap_or_default();
    sender.smtputf8 = smtputf8.is_some();
    Ok(())
}

/// Reads the parameters of RCPT into `recipient`.
pub fn read_rcpt(text: &str, recipient: &mut Recipient) -> Parsed<()> {
    for parameter in each(text) {
        let parameter = parameter?;
        if parameter.is("NOTIFY") {
            once(&mut recipient.notify, notify(parameter.value()?)?)?;
        } else if parameter.is("ORCPT") {
            once(&mut recipient.orcpt, orcpt(parameter.value()?)?)?;
        } else {
            return Err(CommandError::Unimplemented("parameter"));
        }
    }
    Ok(())
}

/// RFC 1870 §4: up to twenty digits, which may be more than 64 bits hold; then it is too large by any measure.
fn size(value: &str) -> Parsed<u64> {
    if value.len() > 20 || !value.bytes().all(|c| c.is_ascii_digit()) {
        return Err(CommandError::Argument("SIZE is a number of octets"));
    }
    Ok(value.parse().unwrap_or(u64::MAX))
}

fn body_type(value: &str) -> Parsed<Body> {
    [Body::SevenBit, Body::EightBitMime, Body::BinaryMime]
        .into_iter()
        .find(|body| body.name().eq_ignore_ascii_case(value))
        .ok_or(CommandError::Unimplemented("BODY value"))
}

impl Body {
    /// As it stands after `BODY=`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Body::SevenBit => "7BIT",
            Body::EightBitMime => "8BITMIME",
            Body::BinaryMime => "BINARYMIME",
        }
    }
}

fn ret(value: &str) -> Parsed<Return> {
    if value.eq_ignore_ascii_case("FULL") {
        Ok(Return::Full)
    } else if value.eq_ignore_ascii_case("HDRS") {
        Ok(Return::Headers)
    } else {
        Err(CommandError::Argument("RET is FULL or HDRS"))
    }
}

/// RFC 3461 §4.4: at most 100 characters, and the decoded text printable.
fn envid(value: &str) -> Parsed<String> {
    const TEXT: &str = "ENVID is xtext of at most 100 characters";
    let decoded = xtext::decode(value).filter(|_| value.len() <= limits::ENVID);
    decoded.filter(|text| printable(text)).ok_or(CommandError::Argument(TEXT))
}

/// Printable ASCII, so that no decoded value can carry a line end into a report.
fn printable(text: &str) -> bool {
    text.bytes().all(|c| (b' '..=b'~').contains(&c))
}

/// RFC 4954 §5: an xtext mailbox, or `<>` for one that is not known.
fn auth(value: &str) -> Parsed<String> {
    if value == "<>" {
        return Ok(String::new());
    }
    let decoded = xtext::decode(value).filter(|text| !text.chars().any(char::is_control));
    decoded.ok_or(CommandError::Argument("AUTH is an xtext mailbox or <>"))
}

/// RFC 3461 §4.1: NEVER alone, or a list of the others.
fn notify(value: &str) -> Parsed<Notify> {
    let mut notify = Notify::default();
    if value.eq_ignore_ascii_case("NEVER") {
        return Ok(notify);
    }
    for word in value.split(',') {
        let flag = match word.to_ascii_uppercase().as_str() {
            "SUCCESS" => &mut notify.success,
            "FAILURE" => &mut notify.failure,
            "DELAY" => &mut notify.delay,
            _ => return Err(CommandError::Argument("NOTIFY is NEVER, or SUCCESS, FAILURE and DELAY with commas")),
        };
        *flag = true;
    }
    Ok(notify)
}

/// RFC 3461 §4.2, RFC 6533 §3: `addr-type;address`.
fn orcpt(value: &str) -> Parsed<String> {
    const TEXT: &str = "ORCPT is addr-type;xtext of at most 500 characters";
    let decoded = value.split_once(';').filter(|_| value.len() <= limits::ORCPT).and_then(|(kind, address)| {
        let atom = !kind.is_empty() && kind.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
        let utf8 = kind.eq_ignore_ascii_case("utf-8");
        let address = if utf8 { xtext::decode_utf8(address) } else { xtext::decode(address).filter(|a| printable(a)) };
        let address = address.filter(|text| !text.is_empty() && !text.chars().any(char::is_control));
        address.filter(|_| atom).map(|address| format!("{kind};{address}"))
    });
    decoded.ok_or(CommandError::Argument(TEXT))
}

impl fmt::Display for Sender {
    /// The argument of MAIL, from `FROM:` on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FROM:{}", self.reverse_path)?;
        if let Some(size) = self.size {
            write!(f, " SIZE={size}")?;
        }
        if self.body != Body::SevenBit {
            write!(f, " BODY={}", self.body.name())?;
        }
        if self.smtputf8 {
            f.write_str(" SMTPUTF8")?;
        }
        if let Some(ret) = self.ret {
            write!(f, " RET={}", if ret == Return::Full { "FULL" } else { "HDRS" })?;
        }
        if let Some(envid) = &self.envid {
            write!(f, " ENVID={}", xtext::encode(envid))?;
        }
        match self.auth.as_deref() {
            None => Ok(()),
            Some("") => f.write_str(" AUTH=<>"),
            Some(auth) => write!(f, " AUTH={}", xtext::encode(auth)),
        }
    }
}

impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [(self.success, "SUCCESS"), (self.failure, "FAILURE"), (self.delay, "DELAY")];
        let chosen: Vec<&str> = words.iter().filter(|(on, _)| *on).map(|(_, word)| *word).collect();
        f.write_str(if chosen.is_empty() { "NEVER" } else { "" })?;
        f.write_str(&chosen.join(","))
    }
}

impl fmt::Display for Recipient {
    /// The argument of RCPT, from `TO:` on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TO:{}", self.forward_path)?;
        if let Some(notify) = &self.notify {
            write!(f, " NOTIFY={notify}")?;
        }
        let Some((kind, address)) = self.orcpt.as_deref().and_then(|orcpt| orcpt.split_once(';')) else {
            return Ok(());
        };
        let utf8 = kind.eq_ignore_ascii_case("utf-8");
        write!(f, " ORCPT={kind};{}", if utf8 { xtext::encode_utf8(address) } else { xtext::encode(address) })
    }
}
