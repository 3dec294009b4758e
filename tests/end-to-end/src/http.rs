//! As much of HTTP as a test needs that sends one request and reads to the end.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use crate::PATIENCE;

/// An answer.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The lines of the head, the first one included.
    pub head: String,
    /// The body, which has to be text of a known length.
    pub body: String,
}

impl Response {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

pub(crate) fn request(address: SocketAddr, verb: &str, path: &str) -> Response {
    let mut stream = TcpStream::connect(address).expect("the clock accepts connections");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("the timeout is not zero");
    request_over(&mut stream, &address.to_string(), verb, path)
}

/// Asks over a stream that is there.
///
/// # Panics
///
/// Where no proper answer comes.
pub fn request_over(
    stream: &mut (impl Read + Write),
    host: &str,
    verb: &str,
    path: &str,
) -> Response {
    write!(
        stream,
        "{verb} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    .expect("the request can be sent");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .expect("the answer is text that ends");
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .expect("a head, an empty line, a body");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .expect("a status line");
    Response {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    }
}
