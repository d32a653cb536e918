//! Sessions driven without a socket.
