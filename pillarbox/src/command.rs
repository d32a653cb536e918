//! What can be typed: the whole tree of commands. Help, completions and manual pages are made from it.

use crate::account::Account;
use crate::alias::Alias;
use crate::biff::Biff;
use crate::care::{Backup, Restore};
use crate::carry::{Export, Import};
use crate::config::ConfigCommand;
use crate::domain::DomainCommand;
use crate::lab_view::LabCommand;
use crate::mail::Mail;
use crate::mail::send::Send;
use crate::pop::Pop;
use crate::queue::Queue;
use crate::trace::Trace;
use crate::tui::Tui;
use clap::{ArgAction, Parser, Subcommand};
use clap_complete::Shell;
use std::ffi::OsString;
use std::path::PathBuf;

const CODES: &str = "\
Results go to stdout, notes to stderr. Tables are for people; where stdout is
no terminal, fields with a tab between them come out, and with --json objects.

Exit codes (sysexits.h): 0 done, 64 not understood, 65 what was given or found
is not valid, 67 no such account, alias or message, 68 no such domain,
69 unavailable, 70 a defect of ours, 71 the system refuses, 73 it exists
already, 74 the disk failed, 75 try again later, 77 not allowed, 78 the
configuration is wrong; 1 you said no.

The configuration is the file named by -c, else by $PILLARBOX_CONFIG, else
./pillarbox.toml, else /etc/pillarbox/pillarbox.toml, else the defaults.";

/// Mail comes in by SMTP, is kept safely, and is read by IMAP and POP3
#[derive(Debug, Parser)]
#[command(name = "pillarbox", version, after_long_help = CODES)]
pub struct Arguments {
    /// The configuration file
    #[arg(short, long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Accounts and mail of the user agents below this folder, instead of ~/.config/pillarbox and its like
    #[arg(long, global = true, value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Say less: no notes
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more; twice for more yet
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    #[command(subcommand)]
    pub command: Command,
}

impl Arguments {
    /// What was typed, the name of the program before it.
    pub fn read(words: impl Iterator<Item = OsString>) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(crate::mail::list::with_negations(words))
    }
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server
    ///
    /// Prints `listening KIND ADDRESS` for each listener, then `ready`; logs go to stderr. SIGTERM lets sessions finish
    /// and ends it, SIGHUP reads the configuration and the certificate again. Without a configuration file it keeps
    /// its mail in ./pillarbox-data and answers on high ports of this machine only.
    Serve,
    /// Bring up a small internet on this machine, to try things on
    Lab(LabCommand),
    /// Check or show the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Domains whose mail is kept here
    #[command(subcommand)]
    Domain(DomainCommand),
    /// Accounts: who has a mailbox here
    #[command(subcommand)]
    Account(Account),
    /// Aliases: addresses that lead elsewhere
    #[command(subcommand)]
    Alias(Alias),
    /// Tell what happened to a message, or to the mail of an address
    Trace(Trace),
    /// Mail that waits to leave for other hosts
    #[command(subcommand)]
    Queue(Queue),
    /// Send a letter
    ///
    /// The text comes from -m, from stdin, or out of your editor. A letter without a well-formed sender or recipient is
    /// refused before anything is sent, with the place of the fault (65).
    Send(Box<Send>),
    /// Read and sort your mail
    ///
    /// Works on a copy that is kept on this machine, and so without a network, too.
    Mail(Mail),
    /// Read and write mail on the whole screen
    ///
    /// Shows what the local copies of your accounts hold. `?` tells the keys, `:` takes commands, Ctrl-K finds both. Keys and
    /// looks are set in tui.toml in the folder of the accounts' settings.
    Tui(Tui),
    /// Fetch mail from a POP3 server
    ///
    /// Into the mirror of an account, or into a file. Mail that is removed at the server is removed only once it is safe
    /// here; a connection that breaks loses nothing and doubles nothing.
    Pop(Pop),
    /// Bring in mail from files, a server, or another account
    ///
    /// Flags, dates and folders come along. Made again, it brings what is new and doubles nothing; stopped, it goes on where it
    /// was.
    Import(Import),
    /// Write mail out to files
    Export(Export),
    /// Show on this terminal what comes for a user, until Ctrl-C
    ///
    /// Says so when mail comes, and shows what others send to the screen (SEND, SOML and SAML of RFC 821, where
    /// smtp.send_commands is on). Only for who may read the data folder.
    Biff(Biff),
    /// Hand in a message, as every Unix program knows how to
    ///
    /// Also by the name `sendmail` (a link to this program). The message is read from stdin, up to the end or a line with
    /// only a dot. It is dropped in DATA/drop, where a server takes it at once, or when it starts: nobody needs special
    /// rights. Ends with a code of sysexits.h.
    ///
    /// Options: -t recipients from To, Cc and Bcc; -i or -oi keep dots; -f or -r ADDRESS whom it is from; -F NAME; -B
    /// 8BITMIME; -N never|success,failure,delay; -R full|hdrs; -V ID; -XV a reverse path for each recipient; -G relayed; -oem
    /// errors by mail, -oeq none; -O smtputf8; -v; -C FILE the configuration. Modes: -bm deliver; -bs SMTP on stdin; -bv
    /// verify; -bt test addresses; -bp as mailq; -bi or -I as newaliases; -q try what waits now. Others that a program may
    /// give are taken and passed over.
    Sendmail {
        /// Options and recipients
        #[arg(value_name = "OPTION|RECIPIENT")]
        words: Vec<String>,
    },
    /// Read and write mail at a prompt, as `mail` always did
    ///
    /// Also by the names `mail` and `mailx`. With names it writes to them: mail -s SUBJECT -a FILE -c CC -b BCC -r FROM WHO...,
    /// the text from stdin (-E: none, no mail; -t: the header, too; -~: with tilde escapes). Without it reads $MAIL, or -f FILE,
    /// or the account of -A: the prompt knows ?. -H lists, -e tells by its code whether there is mail, -n leaves /etc/mail.rc
    /// unread, -N the list away, -S NAME=VALUE sets. What is sent goes by the account, else by the server on this machine.
    Mailx {
        /// Options and people
        #[arg(value_name = "OPTION|WHO")]
        words: Vec<String>,
    },
    /// List what waits, in the columns that scripts know
    ///
    /// Also by the name `mailq`. `*` after an id: on its way just now; `!`: held. Times are UTC.
    Mailq {
        /// Passed over, but for -q
        #[arg(value_name = "OPTION")]
        words: Vec<String>,
    },
    /// Read /etc/aliases, or the file named by -oA or $ALIASES
    ///
    /// Also by the name `newaliases`; the same as `pillarbox alias import`.
    Newaliases {
        /// -oAFILE
        #[arg(value_name = "OPTION")]
        words: Vec<String>,
    },
    /// -p lists the queue, -j in JSON, -f tries what waits now
    ///
    /// Also by the name `postqueue`.
    Postqueue {
        /// One of them
        #[arg(value_name = "OPTION")]
        words: Vec<String>,
    },
    /// Look for what would keep the server from working
    ///
    /// Looks at ports, disk, clock and certificate, and tells what to do. Ends with 69 when something must be mended.
    Doctor,
    /// Copy the whole store into a folder, while the server runs
    Backup(Backup),
    /// Look at every stored octet and tell what is damaged
    ///
    /// Ends with 65 when something is.
    Verify,
    /// Make the store from a backup; only while no server runs
    Restore(Restore),
    /// Print the completions for a shell
    Completions {
        /// For which
        shell: Shell,
    },
    /// Print the manual page, or write all of them into a folder
    Manual {
        /// Where to: pillarbox.1 and a page for each command
        #[arg(value_name = "DIR")]
        folder: Option<PathBuf>,
        /// Print all of it as Markdown instead
        #[arg(long, hide = true, conflicts_with = "folder")]
        markdown: bool,
    },
    /// Print the version
    Version,
}
