//! The features in ApiVersions, and UpdateFeatures, over the wire.

use crate::client::Client;
use crate::requests::error;
use crate::server::{TestServer, versions};
use klamm_model::ErrorCode;
use klamm_wire::messages::api_versions::ApiVersionsRequest;
use klamm_wire::messages::update_features::{FeatureUpdateKey, UpdateFeaturesRequest};

const UPGRADE: i8 = 1;
const SAFE_DOWNGRADE: i8 = 2;

fn set(feature: &str, level: i16, upgrade_type: i8) -> UpdateFeaturesRequest {
    let update = FeatureUpdateKey {
        feature: feature.to_owned(),
        max_version_level: level,
        upgrade_type,
        ..FeatureUpdateKey::default()
    };
    UpdateFeaturesRequest { feature_updates: vec![update], ..UpdateFeaturesRequest::default() }
}

fn answer(client: &mut Client, request: &UpdateFeaturesRequest) -> (ErrorCode, String) {
    let answer = client.call(2, request);
    assert!(answer.results.is_empty());
    (error(answer.error_code), answer.error_message.unwrap_or_default())
}

#[test]
fn features_are_told_with_the_versions() {
    let server = TestServer::start();
    let mut client = server.client();
    for version in versions::<ApiVersionsRequest>() {
        let answer = client.call(version, &ApiVersionsRequest::default());
        if version < 3 {
            assert!(answer.supported_features.is_empty() && answer.finalized_features_epoch == -1);
            continue;
        }
        let supported: Vec<_> = answer.supported_features.iter().collect();
        let levels: Vec<_> =
            supported.iter().map(|key| (key.name.as_str(), key.min_version, key.max_version)).collect();
        // A reader of version 3 takes a lowest level of 0 for an error (KAFKA-17011).
        let lowest = i16::from(version < 4);
        assert_eq!(levels, [("group.version", lowest, 1), ("metadata.version", 30, 30)]);
        let finalized = answer.finalized_features.iter();
        let levels: Vec<_> =
            finalized.map(|key| (key.name.as_str(), key.min_version_level, key.max_version_level)).collect();
        assert_eq!(levels, [("group.version", 1, 1), ("metadata.version", 30, 30)]);
        assert!(answer.finalized_features_epoch >= 0);
    }
}

#[test]
fn a_feature_keeps_its_level() {
    let server = TestServer::start();
    let mut client = server.client();
    assert_eq!(answer(&mut client, &set("metadata.version", 30, UPGRADE)).0, ErrorCode::None);
    assert_eq!(answer(&mut client, &set("group.version", 1, SAFE_DOWNGRADE)).0, ErrorCode::None);
    for (feature, level, kind, why) in [
        ("metadata.version", 31, UPGRADE, "has levels 30 to 30"),
        ("metadata.version", 29, SAFE_DOWNGRADE, "has levels 30 to 30"),
        ("group.version", 0, SAFE_DOWNGRADE, "can't be changed"),
        ("group.version", -1, UPGRADE, "has levels 0 to 1"),
        ("transaction.version", 1, UPGRADE, "no such feature"),
        ("group.version", 1, 0, "0 is no type of upgrade"),
        ("group.version", 1, 4, "4 is no type of upgrade"),
    ] {
        let (code, message) = answer(&mut client, &set(feature, level, kind));
        assert_eq!(code, ErrorCode::InvalidUpdateVersion, "{feature} {level} {kind}");
        assert!(message.contains(why) && message.contains(feature), "{message}");
    }
}

#[test]
fn older_versions_hear_of_each_feature() {
    let server = TestServer::start();
    let mut client = server.client();
    for version in [0, 1] {
        let both = UpdateFeaturesRequest {
            feature_updates: vec![
                FeatureUpdateKey {
                    feature: "group.version".into(),
                    max_version_level: 1,
                    ..FeatureUpdateKey::default()
                },
                FeatureUpdateKey {
                    feature: "odd".into(),
                    max_version_level: 1,
                    ..FeatureUpdateKey::default()
                },
            ],
            ..UpdateFeaturesRequest::default()
        };
        let answer = client.call(version, &both);
        assert_eq!(answer.error_code, 0);
        let results: Vec<_> =
            answer.results.iter().map(|result| (result.feature.as_str(), error(result.error_code))).collect();
        // One that can't be changed keeps the others from it.
        let refused = ErrorCode::InvalidUpdateVersion;
        assert_eq!(results, [("group.version", refused), ("odd", refused)]);
        let fine = client.call(version, &set("group.version", 1, UPGRADE));
        assert_eq!(fine.results[0].error_code, 0);
    }
}
