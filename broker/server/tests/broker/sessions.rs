//! Fetch sessions (KIP-227) over the wire.

use klamm_model::{ErrorCode, TopicId};
use klamm_wire::messages::fetch::{FetchRequest, FetchResponse, FetchTopic, ForgottenTopic};

use crate::support::{
    Client, TestBroker, batch, create_topic, error, fetch_partition, produce_to, records_of,
};

fn request(id: TopicId, session: (i32, i32), offsets: &[(i32, i64)]) -> FetchRequest {
    let topic = FetchTopic {
        topic_id: id,
        partitions: offsets.iter().map(|(partition, offset)| fetch_partition(*partition, *offset)).collect(),
        ..FetchTopic::default()
    };
    FetchRequest {
        session_id: session.0,
        session_epoch: session.1,
        topics: if offsets.is_empty() { Vec::new() } else { vec![topic] },
        ..FetchRequest::default()
    }
}

/// The partitions of an answer.
fn partitions(response: &FetchResponse) -> Vec<i32> {
    assert_eq!(error(response.error_code), ErrorCode::None);
    response.responses.iter().flat_map(|topic| &topic.partitions).map(|data| data.partition_index).collect()
}

fn send(client: &mut Client, id: TopicId, partition: i32) {
    client.call(13, &produce_to("", id, partition, -1, batch(&["x"])));
}

#[test]
fn a_session_tells_what_changed() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    let id = create_topic(&mut client, "t", 3);
    let first = client.call(18, &request(id, (0, 0), &[(0, 0), (1, 0), (2, 0)]));
    let session = first.session_id;
    assert!(session > 0);
    assert_eq!(partitions(&first), [0, 1, 2]);

    assert_eq!(partitions(&client.call(18, &request(id, (session, 1), &[]))), [0; 0]);
    send(&mut client, id, 1);
    let changed = client.call(18, &request(id, (session, 2), &[]));
    assert_eq!((changed.session_id, partitions(&changed)), (session, vec![1]));
    assert_eq!(records_of(&changed.responses[0].partitions[0]).len(), 1);

    // Its position moves on; the others stay as they were.
    assert_eq!(partitions(&client.call(18, &request(id, (session, 3), &[(1, 1)]))), [0; 0]);

    let forget = ForgottenTopic { topic_id: id, partitions: vec![0, 1], ..ForgottenTopic::default() };
    let request = FetchRequest { forgotten_topics_data: vec![forget], ..request(id, (session, 4), &[]) };
    for partition in 0..3 {
        send(&mut client, id, partition);
    }
    assert_eq!(partitions(&client.call(18, &request)), [2]);
}

#[test]
fn requests_out_of_place_are_refused() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    let id = create_topic(&mut client, "t", 1);
    let session = client.call(18, &request(id, (0, 0), &[(0, 0)])).session_id;
    let refusal = |client: &mut Client, version, request: &FetchRequest| {
        let response = client.call(version, request);
        assert!(response.responses.is_empty());
        error(response.error_code)
    };
    let epoch = request(id, (session, 2), &[]);
    assert_eq!(refusal(&mut client, 18, &epoch), ErrorCode::InvalidFetchSessionEpoch);
    let unknown = request(id, (session + 1, 1), &[]);
    assert_eq!(refusal(&mut client, 18, &unknown), ErrorCode::FetchSessionIdNotFound);
    let by_name = request(id, (session, 1), &[]);
    assert_eq!(refusal(&mut client, 12, &by_name), ErrorCode::FetchSessionTopicIdError);
    let closed = client.call(18, &request(id, (session, -1), &[(0, 0)]));
    assert_eq!((closed.session_id, partitions(&closed)), (0, vec![0]));
    let gone = request(id, (session, 1), &[]);
    assert_eq!(refusal(&mut client, 18, &gone), ErrorCode::FetchSessionIdNotFound);
}

#[test]
fn without_slots_every_fetch_is_whole() {
    let broker = TestBroker::with(&[("max.incremental.fetch.session.cache.slots", "0")]);
    let mut client = broker.client();
    let id = create_topic(&mut client, "t", 1);
    let response = client.call(18, &request(id, (0, 0), &[(0, 0)]));
    assert_eq!((response.session_id, partitions(&response)), (0, vec![0]));
}
