//! ApiVersions (18): what this broker speaks.

use klamm_model::ErrorCode;
use klamm_wire::ApiKey;
use klamm_wire::messages::api_versions::{
    ApiVersion, ApiVersionsRequest, ApiVersionsResponse, FinalizedFeatureKey, SupportedFeatureKey,
};

use crate::dispatch::SERVED;
use crate::features::{FEATURES, Feature};
use crate::{Broker, RequestContext};

/// The oldest Produce version that is advertised, though those before 3 are refused: librdkafka takes a broker
/// without version 0 for one that can't compress (KAFKA-18659).
const ADVERTISED_PRODUCE_MIN: i16 = 0;

/// The first version whose readers take 0 for the first level of a feature (KAFKA-17011).
const FIRST_WITH_LEVEL_ZERO: i16 = 4;

/// Names every API that has a handler, with its versions, and the features.
pub(crate) async fn handle(
    broker: &Broker,
    ctx: &RequestContext,
    _request: ApiVersionsRequest,
) -> ApiVersionsResponse {
    let api_keys = SERVED.iter().map(|key| served(*key)).collect();
    let supported = FEATURES.iter().map(|feature| supported(feature, ctx.api_version));
    ApiVersionsResponse {
        api_keys,
        supported_features: supported.collect(),
        finalized_features_epoch: broker.controller.image().applied() as i64,
        finalized_features: FEATURES.iter().map(finalized).collect(),
        ..ApiVersionsResponse::default()
    }
}

fn supported(feature: &Feature, version: i16) -> SupportedFeatureKey {
    let lowest = i16::from(version < FIRST_WITH_LEVEL_ZERO);
    SupportedFeatureKey {
        name: feature.name.to_owned(),
        min_version: feature.min.max(lowest),
        max_version: feature.max,
    }
}

fn finalized(feature: &Feature) -> FinalizedFeatureKey {
    FinalizedFeatureKey {
        name: feature.name.to_owned(),
        max_version_level: feature.finalized,
        min_version_level: feature.finalized,
    }
}

/// The answer to a version of ApiVersions that is not known here: it names only ApiVersions itself, from which
/// the client chooses a version to ask again in (KIP-511).
pub(crate) fn unsupported_version() -> ApiVersionsResponse {
    ApiVersionsResponse {
        error_code: ErrorCode::UnsupportedVersion.as_i16(),
        api_keys: vec![served(ApiKey::ApiVersions)],
        ..ApiVersionsResponse::default()
    }
}

fn served(key: ApiKey) -> ApiVersion {
    let versions = key.versions();
    let min_version = if key == ApiKey::Produce { ADVERTISED_PRODUCE_MIN } else { *versions.start() };
    ApiVersion { api_key: key as i16, min_version, max_version: *versions.end() }
}
