//! The configuration file of a host, from its world.

use crate::Site;
use std::fmt::Display;
use std::path::Path;
use wire::dialogue::{Port, World};

/// The file, for data in the folder `data`. Limits over many connections are lifted: every client of a lab or a test
/// comes from one address. Without an internet around it, no name server is asked for anything.
#[must_use]
pub fn configuration(world: &World, data: &Path, site: &Site) -> String {
    let mut text = format!("hostname = {}\ndata_dir = {}\n", quoted(&world.hostname), quoted(data.display()));
    text.push_str(&format!("domains = {}\n", list(&world.domains)));
    if let Some(admin) = world.admin.as_ref().or(world.accounts.first().map(|account| &account.address)) {
        text.push_str(&format!("admin = {}\n", quoted(admin)));
    }
    text.push_str("\n[listen]\n");
    for (port, name) in Port::ALL {
        text.push_str(&format!("{name} = [\"{}\"]\n", site.of(port)));
    }
    text.push_str(&format!("\n[trust]\nrelay_networks = {}\n", list(&world.relay)));
    text.push_str(&format!("plaintext_login_networks = {}\n", list(&world.plaintext_login)));
    text.push_str("\n[smtp]\nsend_commands = true\n");
    text.push_str(&surroundings(site));
    text.push_str("\n[limits]\n");
    let lifted = [("connections", 10_000), ("connections_per_address", 10_000), ("connections_per_minute", 100_000)];
    for (name, value) in lifted {
        text.push_str(&format!("{name} = {value}\n"));
    }
    for (name, value) in &world.limits {
        match name.as_str() {
            "message_size" | "disk_reserve" => text.push_str(&format!("{name} = \"{value} B\"\n")),
            _ => text.push_str(&format!("{name} = {value}\n")),
        }
    }
    text
}

/// Whom it asks for names, and what lets it send to hosts of the lab.
fn surroundings(site: &Site) -> String {
    match site.around {
        None => "\n[dns]\nservers = [\"127.0.0.1:1\"]\n".to_owned(),
        Some(around) => format!(
            "\n[dns]\nservers = [\"{}\"]\n\n[outbound]\nport = {}\nloopback_targets = true\n",
            around.names, around.smtp
        ),
    }
}

fn list<T: Display>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(quoted).collect();
    format!("[{}]", items.join(", "))
}

/// A basic string of TOML.
fn quoted(text: impl Display) -> String {
    format!("\"{}\"", text.to_string().replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Around, Ports, Scenario, worlds};
    use server::{Config, ListenerKind};

    #[test]
    fn the_server_reads_what_is_written() {
        for world in worlds(Scenario::Classic) {
            let text = configuration(&world, Path::new("/srv/a \"b\" \\c"), &Site::alone(Ports::Base(20_000)));
            let config = Config::parse(&text, "pillarbox.toml").unwrap();
            assert_eq!(config.hostname.as_str(), world.hostname);
            assert_eq!(config.data_dir, Path::new("/srv/a \"b\" \\c"));
            assert_eq!(config.admin.map(|admin| admin.to_string()), Some(world.accounts[0].address.clone()));
            let smtp = config.listen.iter().find(|listen| listen.kind == ListenerKind::Smtp).unwrap();
            assert_eq!(smtp.address.to_string(), "127.0.0.1:20025");
            assert_eq!((config.trust.relay_networks.len(), config.trust.plaintext_login_networks.len()), (2, 2));
        }
    }

    #[test]
    fn a_host_with_others_around_it_can_send_to_them() {
        let around = Some(Around { names: "127.0.0.1:5353".parse().unwrap(), smtp: 10_025 });
        let site = Site { address: "127.0.2.25".parse().unwrap(), ports: Ports::Random, around };
        let world = worlds(Scenario::Dialogues).remove(0);
        let config = Config::parse(&configuration(&world, Path::new("data"), &site), "pillarbox.toml").unwrap();
        assert_eq!(config.policy().outbound.rules.port, 10_025);
        assert!(config.policy().outbound.rules.loopback_targets);
        assert_eq!(config.dns_servers, ["127.0.0.1:5353".parse().unwrap()]);
    }

    #[test]
    fn a_world_may_set_limits() {
        let limits = vec![("message_size".to_owned(), 1000), ("recipients".to_owned(), 3)];
        let world = World { hostname: "mx.crepes.fr".to_owned(), limits, ..World::default() };
        let config =
            Config::parse(&configuration(&world, Path::new("data"), &Site::alone(Ports::Random)), "pillarbox.toml")
                .unwrap();
        assert_eq!((config.limits.message_size, config.limits.recipients), (1000, 3));
    }
}
