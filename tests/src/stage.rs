//! The stage over sockets: plays dialogues against a running server, in the clear or over TLS.

use crate::Ports;
use crate::client::Client;
use rustls::ClientConfig;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use wire::dialogue::{Heard, Port, Question, Stage, show};

/// Where dialogues are played over sockets.
pub struct SocketStage {
    ports: Ports,
    tls: Arc<ClientConfig>,
    hostname: String,
    /// Everything over TLS: on the port with implicit TLS, or begun with STARTTLS.
    over_tls: bool,
    connections: HashMap<u8, Connection>,
}

struct Connection {
    client: Client,
    /// Lines heard while TLS was being set up, still to be told.
    told_later: VecDeque<Vec<u8>>,
}

impl SocketStage {
    /// A stage in front of a server at these ports.
    #[must_use]
    pub fn new(ports: Ports, tls: Arc<ClientConfig>, hostname: &str, over_tls: bool) -> SocketStage {
        SocketStage { ports, tls, hostname: hostname.to_owned(), over_tls, connections: HashMap::new() }
    }

    fn connection(&mut self, number: u8) -> Result<&mut Connection, String> {
        self.connections.get_mut(&number).ok_or_else(|| format!("connection {number} is not open"))
    }

    fn connect(&self, port: Port) -> anyhow::Result<Connection> {
        let port = match port {
            Port::Pop3 if self.over_tls => Port::Pop3s,
            Port::Imap if self.over_tls => Port::Imaps,
            Port::Submission if self.over_tls => Port::Submissions,
            port => port,
        };
        let address = self.ports.get(&port).ok_or_else(|| anyhow::anyhow!("no listener for {}", port.name()))?;
        let mut connection = Connection { client: Client::connect(*address)?, told_later: VecDeque::new() };
        if port.implicit_tls() {
            connection.client.start_tls(self.tls.clone(), &self.hostname)?;
        } else if self.over_tls {
            self.begin_with_starttls(&mut connection, port)?;
        }
        Ok(connection)
    }

    /// Greets and starts TLS before the dialogue begins; the server's greeting is told to the dialogue afterwards.
    fn begin_with_starttls(&self, connection: &mut Connection, port: Port) -> anyhow::Result<()> {
        let greeting = connection.client.line()?;
        let hello = if port == Port::Lmtp { "LHLO" } else { "EHLO" };
        connection.client.command(&format!("{hello} before.tls.example"))?;
        let (code, line) = connection.client.command("STARTTLS")?;
        anyhow::ensure!(code == 220, "STARTTLS was answered {line}");
        connection.client.start_tls(self.tls.clone(), &self.hostname)?;
        connection.told_later.push_back(greeting.into_bytes());
        Ok(())
    }
}

fn in_words(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}

impl Stage for SocketStage {
    fn open(&mut self, number: u8, port: Port) -> Result<(), String> {
        let connection = self.connect(port).map_err(in_words)?;
        self.connections.insert(number, connection);
        Ok(())
    }

    fn send(&mut self, number: u8, writes: &[Vec<u8>]) -> Result<(), String> {
        let connection = self.connection(number)?;
        writes.iter().try_for_each(|octets| connection.client.send(octets)).map_err(in_words)
    }

    fn hear(&mut self, number: u8) -> Result<Heard, String> {
        let connection = self.connection(number)?;
        match connection.told_later.pop_front() {
            Some(line) => Ok(Heard::Line(line)),
            None => connection.client.hear().map_err(in_words),
        }
    }

    fn start_tls(&mut self, number: u8) -> Result<(), String> {
        let (tls, hostname) = (self.tls.clone(), self.hostname.clone());
        self.connection(number)?.client.start_tls(tls, &hostname).map_err(in_words)
    }

    fn drop_connection(&mut self, number: u8) -> Result<(), String> {
        self.connections.remove(&number).map(|_| ()).ok_or_else(|| format!("connection {number} is not open"))
    }

    fn pass(&mut self, _: Duration) -> Result<(), String> {
        Err("time cannot be moved over sockets".to_owned())
    }

    /// What the desk is asked cannot be seen from here.
    fn prepare(&mut self, _: u8, _: Vec<Question>) {}

    fn settle(&mut self, number: u8) -> Result<(), String> {
        match self.connections.get(&number) {
            Some(connection) if !connection.client.unheard().is_empty() => Err(show(connection.client.unheard())),
            _ => Ok(()),
        }
    }

    fn notes(&mut self) -> Vec<String> {
        Vec::new()
    }
}
