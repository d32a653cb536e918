"""A faulty line: a proxy on loopback that carries octets to a server and cuts connections: after so many octets, or where a
server is about to say what must not be heard."""

import socket
import threading

BUDGET = (20, 20_000)
PIECE = 4096


class Line:
    """Leads to a port of 127.0.0.1. It is gone at the end of a `with`."""

    def __init__(self, port, chance=None):
        self.target, self.chance = port, chance
        # Whether connections made from now on are cut by chance; after so many octets; what a server says last; how many were
        # cut.
        self.cutting, self.budget, self.last_words, self.cuts = False, None, None, 0
        self.lock = threading.Lock()

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_):
        # Wakes who waits in accept.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _listen(self):
        while True:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            pair = (client, server)
            with self.lock:
                budgets = [self.chance.randrange(*BUDGET) if self.cutting else self.budget for _ in pair]
            for source, sink, budget in ((client, server, budgets[0]), (server, client, budgets[1])):
                words = self.last_words if source is server else None
                threading.Thread(target=self._carry, args=(source, sink, budget, words), daemon=True).start()

    def _carry(self, source, sink, budget, words):
        """Until an end, or the budget, or the words that are not passed on: whichever direction ends takes the other along."""
        try:
            while budget is None or budget > 0:
                octets = source.recv(PIECE if budget is None else min(PIECE, budget))
                if not octets:
                    return
                if words is not None and words in octets:
                    break
                sink.sendall(octets)
                budget = None if budget is None else budget - len(octets)
            with self.lock:
                self.cuts += 1
        except OSError:
            pass
        finally:
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                end.close()
