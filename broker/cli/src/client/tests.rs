//! The client against a broker that answers as a script says.

use std::time::{Duration, Instant};

use klamm_model::ErrorCode;
use klamm_wire::ApiKey;
use klamm_wire::messages::create_topics::CreatableTopicResult;
use klamm_wire::messages::{
    CreateTopicsRequest, CreateTopicsResponse, DescribeConfigsRequest, DescribeConfigsResponse,
};

use super::scripted::{Act, Nature, ScriptedBroker, Seen};
use super::{Again, Client, ClientError, Target, check};

fn created(seen: &Seen, code: ErrorCode) -> Act {
    let result = CreatableTopicResult { error_code: code.as_i16(), ..Default::default() };
    seen.answer(&CreateTopicsResponse { topics: vec![result], ..Default::default() })
}

async fn create(client: &mut Client, again: Again) -> Result<(), ClientError> {
    let creating = client.retrying(again, async |client| {
        let response = client.call(Target::Controller, &CreateTopicsRequest::default()).await?;
        check(response.topics[0].error_code, None, "creating")
    });
    creating.await
}

#[tokio::test]
async fn both_sides_highest_version_is_spoken() {
    let versions = vec![(ApiKey::ApiVersions, Some(0..=2)), (ApiKey::Metadata, Some(0..=5))];
    let nature = Nature { versions, ..Nature::default() };
    let broker = ScriptedBroker::start(nature, |_| Act::Close).await;
    broker.client(5.0).await.unwrap();
    // Our newest is unknown there; version 0 is understood everywhere.
    assert_eq!(broker.asked(ApiKey::ApiVersions), [*ApiKey::ApiVersions.versions().end(), 0]);
    assert_eq!(broker.asked(ApiKey::Metadata), [5]);
}

#[tokio::test]
async fn an_api_that_the_broker_lacks_is_named() {
    let versions = vec![(ApiKey::CreateTopics, None), (ApiKey::DescribeConfigs, Some(90..=91))];
    let nature = Nature { versions, ..Nature::default() };
    let broker = ScriptedBroker::start(nature, |_| Act::Close).await;
    let mut client = broker.client(5.0).await.unwrap();
    let error = client.call(Target::Controller, &CreateTopicsRequest::default()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("no version of CreateTopics") && text.contains("it has none"), "{text}");
    let error = client.call(Target::Any, &DescribeConfigsRequest::default()).await.unwrap_err();
    assert!(error.to_string().contains("it has 90 to 91"), "{error}");
    assert!(broker.asked(ApiKey::CreateTopics).is_empty());
}

#[tokio::test]
async fn a_failure_that_passes_is_tried_again() {
    let mut tries = 0;
    let broker = ScriptedBroker::start(Nature::default(), move |seen| {
        tries += 1;
        created(seen, if tries < 3 { ErrorCode::NotController } else { ErrorCode::None })
    })
    .await;
    let mut client = broker.client(5.0).await.unwrap();
    create(&mut client, Again::IfRefused).await.unwrap();
    assert_eq!(broker.asked(ApiKey::CreateTopics).len(), 3);
    // One look at the metadata to begin with, and one before each further try.
    assert_eq!(broker.asked(ApiKey::Metadata).len(), 3);
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_again() {
    let broker = ScriptedBroker::start(Nature::default(), |_| Act::Close).await;
    let mut client = broker.client(5.0).await.unwrap();
    let error = create(&mut client, Again::IfRefused).await.unwrap_err();
    assert!(matches!(error, ClientError::Disconnected { .. }), "{error}");
    assert_eq!(broker.asked(ApiKey::CreateTopics).len(), 1);
}

#[tokio::test]
async fn what_may_be_done_twice_survives_a_lost_connection() {
    let mut tries = 0;
    let broker = ScriptedBroker::start(Nature::default(), move |seen| {
        tries += 1;
        if tries == 1 { Act::Close } else { seen.answer(&DescribeConfigsResponse::default()) }
    })
    .await;
    let mut client = broker.client(5.0).await.unwrap();
    let asking = client.retrying(Again::Always, async |client| {
        client.call(Target::Any, &DescribeConfigsRequest::default()).await
    });
    asking.await.unwrap();
    assert_eq!(broker.asked(ApiKey::DescribeConfigs).len(), 2);
}

#[tokio::test]
async fn a_refusal_for_good_is_told_at_once_with_the_broker() {
    let broker =
        ScriptedBroker::start(Nature::default(), |seen| created(seen, ErrorCode::InvalidPartitions)).await;
    let mut client = broker.client(60.0).await.unwrap();
    let error = create(&mut client, Again::Always).await.unwrap_err();
    let evidence = format!("[INVALID_PARTITIONS (37), broker {}]", broker.address);
    assert!(error.to_string().ends_with(&evidence), "{error}");
    assert_eq!(broker.asked(ApiKey::CreateTopics).len(), 1);
}

#[tokio::test]
async fn an_operation_ends_with_its_time() {
    let started = Instant::now();
    let broker =
        ScriptedBroker::start(Nature::default(), |seen| created(seen, ErrorCode::NotController)).await;
    let mut client = broker.client(0.5).await.unwrap();
    let error = create(&mut client, Again::Always).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::NotController));
    let silent = ScriptedBroker::start(Nature::default(), |_| Act::Ignore).await;
    let mut client = silent.client(0.3).await.unwrap();
    let error = create(&mut client, Again::Always).await.unwrap_err();
    assert!(matches!(error, ClientError::Timeout { .. }), "{error}");
    assert!(started.elapsed() < Duration::from_secs(30), "the times were 0.5 and 0.3 seconds");
}

#[tokio::test]
async fn an_unknown_topic_is_no_reason_to_wait() {
    let broker = ScriptedBroker::start(Nature::default(), |_| Act::Close).await;
    let mut client = broker.client(60.0).await.unwrap();
    let error = client.topic("nope", false).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::UnknownTopicOrPartition));
    assert_eq!(client.topic("t", false).await.unwrap().partitions.len(), 1);
}
