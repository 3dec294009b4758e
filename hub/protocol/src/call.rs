use crate::InvocationKind;

/// A call that is to be written by [`HubProtocol::write_call`](crate::HubProtocol::write_call), apart from its arguments.
///
/// ```
/// use campanile_hub_protocol::{HubProtocol, OutgoingCall};
///
/// let mut out = Vec::new();
/// let call = OutgoingCall {
///     target: "Upload",
///     stream_ids: &["1"],
///     headers: &[("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")],
///     ..OutgoingCall::default()
/// };
/// HubProtocol::Json.write_call(&mut out, &call, &())?;
/// assert!(out.starts_with(b"{\"type\":1,\"headers\":{\"traceparent\":\"00-0af"));
/// assert!(out.ends_with(b"\"target\":\"Upload\",\"arguments\":[],\"streamIds\":[\"1\"]}\x1e"));
/// # Ok::<(), campanile_hub_protocol::WriteError>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct OutgoingCall<'a> {
    /// Whether one result is wanted or a stream of them.
    pub kind: InvocationKind,
    /// By what the answer goes; none where none is wanted. A stream needs one.
    pub id: Option<&'a str>,
    /// The method.
    pub target: &'a str,
    /// The streams that are uploaded.
    pub stream_ids: &'a [&'a str],
    /// Names and texts that go along with it.
    pub headers: &'a [(&'a str, &'a str)],
}
