//! A plug-in that arrives in chunks.

use std::time::Duration;

use klamm_model::{PluginReference, TimestampMs};
use klamm_rpc::plugin::push_request::Part;
use klamm_rpc::plugin::{PushHeader, PushRequest};
use tokio_stream::{Stream, StreamExt};
use tonic::Status;

use super::status;
use crate::plugins::library::Upload;

/// How long a client may be silent in the middle of an upload.
pub(super) const SILENCE: Duration = Duration::from_secs(30);

/// Receives a whole plug-in of at most `limit` bytes from a client that is never silent for longer than `silence`. Memory grows with the bytes that arrive, not with what was announced.
pub(super) async fn receive(
    parts: impl Stream<Item = Result<PushRequest, Status>>,
    limit: usize,
    silence: Duration,
    now: TimestampMs,
) -> Result<Upload, Status> {
    let mut parts = std::pin::pin!(parts);
    let header = match next(&mut parts, silence).await? {
        Some(Part::Header(header)) => header,
        Some(Part::Chunk(_)) => return Err(Status::invalid_argument("an upload begins with its header")),
        None => return Err(Status::invalid_argument("the upload ended before its header")),
    };
    let announced = header.size_bytes;
    if announced > limit as u64 {
        return Err(too_large(limit));
    }
    let mut upload = begin(header, now)?;
    loop {
        match next(&mut parts, silence).await? {
            Some(Part::Chunk(chunk)) if upload.wasm.len() + chunk.len() > limit => {
                return Err(too_large(limit));
            }
            Some(Part::Chunk(chunk)) => upload.wasm.extend_from_slice(&chunk),
            Some(Part::Header(_)) => return Err(Status::invalid_argument("an upload has one header")),
            None => break,
        }
    }
    let came = upload.wasm.len() as u64;
    if announced > 0 && came != announced {
        let text = format!("{came} bytes came, {announced} were announced; push again");
        return Err(Status::invalid_argument(text));
    }
    Ok(upload)
}

/// What is badly written is refused before any bytes come.
fn begin(header: PushHeader, now: TimestampMs) -> Result<Upload, Status> {
    let plugin = PluginReference {
        name: header.name.parse().map_err(status::invalid)?,
        version: header.version.parse().map_err(status::invalid)?,
    };
    let digest = match header.sha256.as_str() {
        "" => None,
        text => Some(text.parse().map_err(status::invalid)?),
    };
    Ok(Upload { plugin, wasm: Vec::new(), digest, signature: header.signature, at: now })
}

async fn next(
    parts: &mut (impl Stream<Item = Result<PushRequest, Status>> + Unpin),
    silence: Duration,
) -> Result<Option<Part>, Status> {
    loop {
        let message = tokio::time::timeout(silence, parts.next())
            .await
            .map_err(|_| Status::deadline_exceeded(format!("the upload was silent for {silence:?}")))?;
        match message.transpose()? {
            None => return Ok(None),
            Some(PushRequest { part: Some(part) }) => return Ok(Some(part)),
            // A part that this version does not know.
            Some(PushRequest { part: None }) => {}
        }
    }
}

fn too_large(limit: usize) -> Status {
    Status::resource_exhausted(format!("a plug-in can't have more than {limit} bytes"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use klamm_model::TimestampMs;
    use klamm_rpc::plugin::push_request::Part;
    use klamm_rpc::plugin::{PushHeader, PushRequest};
    use tonic::{Code, Status};

    use super::{SILENCE, receive};
    use crate::plugins::library::Upload;

    fn header(size_bytes: u64) -> Part {
        let (name, version) = ("guard".to_owned(), "1".to_owned());
        Part::Header(PushHeader { name, version, size_bytes, ..PushHeader::default() })
    }

    fn chunk(bytes: &[u8]) -> Part {
        Part::Chunk(bytes.to_vec())
    }

    fn run(parts: Vec<Result<Part, Status>>) -> Result<Upload, Status> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let messages = parts.into_iter().map(|part| part.map(|part| PushRequest { part: Some(part) }));
        runtime.block_on(receive(tokio_stream::iter(messages), 10, SILENCE, TimestampMs(7)))
    }

    fn refused(parts: Vec<Part>) -> (Code, String) {
        let status = run(parts.into_iter().map(Ok).collect()).unwrap_err();
        (status.code(), status.message().to_owned())
    }

    #[test]
    fn chunks_become_one_plugin() {
        for announced in [0, 10] {
            let parts = vec![header(announced), chunk(b"12345"), chunk(b""), chunk(b"67890")];
            let upload = run(parts.into_iter().map(Ok).collect()).unwrap();
            assert_eq!(
                (upload.plugin.to_string().as_str(), &upload.wasm[..]),
                ("guard@1", &b"1234567890"[..])
            );
            assert_eq!((upload.digest, upload.at), (None, TimestampMs(7)));
        }
    }

    #[test]
    fn what_is_too_large_is_refused_as_soon_as_that_is_known() {
        let large = (Code::ResourceExhausted, "a plug-in can't have more than 10 bytes".to_owned());
        assert_eq!(refused(vec![header(11)]), large);
        // Nothing is read after the chunk that is too much.
        let parts =
            vec![Ok(header(0)), Ok(chunk(b"1234567890")), Ok(chunk(b"1")), Err(Status::internal("read on"))];
        let status = run(parts).unwrap_err();
        assert_eq!((status.code(), status.message().to_owned()), large);
    }

    #[test]
    fn what_is_broken_is_refused() {
        let invalid = |text: &str| (Code::InvalidArgument, text.to_owned());
        assert_eq!(refused(vec![]), invalid("the upload ended before its header"));
        assert_eq!(refused(vec![chunk(b"1")]), invalid("an upload begins with its header"));
        assert_eq!(refused(vec![header(0), header(0)]), invalid("an upload has one header"));
        let short = refused(vec![header(5), chunk(b"123")]);
        assert_eq!(short, invalid("3 bytes came, 5 were announced; push again"));
        let long = refused(vec![header(2), chunk(b"123")]);
        assert_eq!(long, invalid("3 bytes came, 2 were announced; push again"));
        let cut = run(vec![Ok(header(5)), Ok(chunk(b"123")), Err(Status::cancelled("gone"))]).unwrap_err();
        assert_eq!(cut.code(), Code::Cancelled);
        let mut wrong =
            PushHeader { name: "Guard".to_owned(), version: "1".to_owned(), ..PushHeader::default() };
        assert!(refused(vec![Part::Header(wrong.clone())]).1.starts_with("\"Guard\" is no plug-in name"));
        wrong.name = "guard".to_owned();
        wrong.sha256 = "12".to_owned();
        assert!(refused(vec![Part::Header(wrong)]).1.starts_with("\"12\" is no SHA-256"));
    }

    #[test]
    fn a_silent_client_is_given_up() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let begun = tokio_stream::iter([Ok(PushRequest { part: Some(header(0)) })]);
        let silent = tokio_stream::StreamExt::chain(begun, tokio_stream::pending());
        let status =
            runtime.block_on(receive(silent, 10, Duration::from_millis(20), TimestampMs(7))).unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
    }
}
