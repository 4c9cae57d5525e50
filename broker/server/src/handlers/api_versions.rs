//! ApiVersions (18): what this broker speaks.

use klamm_model::ErrorCode;
use klamm_wire::ApiKey;
use klamm_wire::messages::api_versions::{ApiVersion, ApiVersionsRequest, ApiVersionsResponse};

use crate::dispatch::SERVED;
use crate::{Broker, RequestContext};

/// The oldest Produce version that is advertised, though those before 3 are refused: librdkafka takes a broker
/// without version 0 for one that can't compress (KAFKA-18659).
const ADVERTISED_PRODUCE_MIN: i16 = 0;

/// Names every API that has a handler, with its versions.
pub(crate) async fn handle(
    _broker: &Broker,
    _ctx: &RequestContext,
    _request: ApiVersionsRequest,
) -> ApiVersionsResponse {
    let api_keys = SERVED.iter().map(|key| served(*key)).collect();
    ApiVersionsResponse { api_keys, ..ApiVersionsResponse::default() }
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
