//! Tests of the POP3 session.
