//! The program: reads what was typed, has it done, shows what came of it, and ends with a code of sysexits.h. The only
//! crate that prints. Owns no policy: requests are carried out by `office`, through `server`.

mod account;
mod alias;
mod aliases;
mod answer;
mod bar;
mod biff;
mod care;
mod carry;
mod charset;
mod command;
mod config;
mod doctor;
mod domain;
mod elsewhere;
mod house;
mod lab_days;
mod lab_view;
mod logins;
mod mail;
mod mailx;
mod newaliases;
mod paper;
mod password;
mod pop;
mod queue;
mod screen;
mod sendmail;
mod table;
mod trace;
mod trouble;
mod tui;
mod units;
mod view;
mod viewer;
mod zone;

use alias::Alias;
use answer::Asked;
use command::{Arguments, Command};
use office::admin::{FailureKind, Request};
use screen::Screen;
use std::path::Path;
use std::process::ExitCode;

/// Many small blocks, made on one thread and freed on another: the system's allocator takes locks for that. Without huge
/// pages, which would double the memory of a server at rest.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
use trouble::Trouble;

fn main() -> ExitCode {
    zone::find();
    if let Some(line) = sendmail::of_the_line(std::env::args_os()) {
        let mut screen = Screen::of_a_classic_command(line.form());
        return match line.run(&mut screen) {
            Ok(()) => ExitCode::SUCCESS,
            Err(trouble) => screen.fail(&trouble),
        };
    }
    if let Some(line) = mailx::of_the_line(std::env::args_os()) {
        return match line.run() {
            Ok(code) => ExitCode::from(code),
            Err(trouble) => Screen::of_a_classic_command(screen::Form::Human).fail(&trouble),
        };
    }
    let arguments = match Arguments::read(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(error) => return trouble::of_the_line(&error),
    };
    let mut screen = Screen::of_this_process(&arguments);
    arguments.home.iter().for_each(|home| mail::desk::live_in(home.clone()));
    match run(arguments, &mut screen) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => screen.fail(&trouble),
    }
}

fn run(arguments: Arguments, screen: &mut Screen) -> Result<(), Trouble> {
    let file = arguments.config.as_deref();
    if let Some(file) = file {
        mail::network::host_by(file.to_owned());
    }
    match arguments.command {
        Command::Serve => house::serve(file, screen),
        Command::Lab(lab) => lab_view::run(lab, screen),
        Command::Config(command) => config::run(command, file, screen),
        Command::Biff(biff) => biff::run(biff, &house::config(file)?, screen),
        Command::Send(send) => mail::send::run(&send, screen),
        Command::Mail(mail) => mail::run(mail, screen),
        Command::Tui(wanted) => tui::run(&wanted, screen),
        Command::Doctor => doctor::run(file, screen),
        Command::Restore(restore) => care::restore(&restore, file, screen),
        Command::Completions { shell } => screen.text(&paper::completions(shell)),
        Command::Manual { folder, markdown } => paper::manual(folder.as_deref(), markdown, screen),
        Command::Pop(pop) => pop::run(&pop, screen),
        Command::Import(import) => carry::import(&import, file, screen),
        Command::Export(export) => carry::export(&export, file, screen),
        Command::Version => screen.show(&view::version()),
        Command::Domain(domain) => administer(file, screen, |screen| domain.plan(screen)),
        Command::Account(account) => administer(file, screen, |screen| account.plan(screen)),
        Command::Alias(Alias::Import { file: aliases, domain, dry_run }) => {
            let import = newaliases::Import { file: aliases, domain, dry_run };
            newaliases::import(&import, &house::config(file)?, screen)
        }
        Command::Alias(alias) => administer(file, screen, |screen| alias.plan(screen)),
        Command::Sendmail { .. }
        | Command::Mailx { .. }
        | Command::Mailq { .. }
        | Command::Newaliases { .. }
        | Command::Postqueue { .. } => {
            Err(Trouble::new(FailureKind::Usage, "the words of a classic command come right after its name"))
        }
        Command::Queue(queue) => administer(file, screen, |_| queue.plan()),
        Command::Trace(trace) => administer(file, screen, |_| Ok(trace.plan())),
        Command::Backup(backup) => administer(file, screen, |_| backup.plan()),
        Command::Verify => administer(file, screen, |_| Ok(Plan::ask(Request::Verify))),
    }
}

/// What is asked of the post office, and what is said once it is done.
struct Plan {
    request: Request,
    said: String,
}

impl Plan {
    /// A question: its answer speaks for itself.
    fn ask(request: Request) -> Plan {
        Plan { request, said: String::new() }
    }

    /// A change, and what is said once it is done.
    fn change(request: Request, said: String) -> Plan {
        Plan { request, said }
    }
}

/// Has the post office do something. The configuration comes first: nobody types a password for one that is wrong.
fn administer(
    file: Option<&Path>,
    screen: &mut Screen,
    plan: impl FnOnce(&mut Screen) -> Result<Plan, Trouble>,
) -> Result<(), Trouble> {
    let config = house::config(file)?;
    screen.remark(&house::which(&config));
    let plan = plan(screen)?;
    let asked = Asked::of(&plan.request, plan.said);
    let response = house::administer(&config, plan.request)?;
    let (view, code) = answer::view(response, &asked, screen.look());
    screen.show(&view)?;
    if code == 0 { Ok(()) } else { Err(Trouble::Told(code)) }
}

#[cfg(test)]
mod tests;
