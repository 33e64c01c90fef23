//! IncrementalAlterConfigs, AlterConfigs, ListConfigResources: bodies in which every field has a
//! value of its own; every list ends with an element of defaults.

use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::alter_configs::{
    AlterConfigsRequest, AlterConfigsResource, AlterConfigsResourceResponse, AlterConfigsResponse,
    AlterableConfig,
};
use headwater_protocol::messages::incremental_alter_configs::{
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResource,
    IncrementalAlterConfigsResourceResponse, IncrementalAlterConfigsResponse,
    IncrementalAlterableConfig,
};
use headwater_protocol::messages::list_config_resources::{
    ConfigResource, ListConfigResourcesRequest, ListConfigResourcesResponse,
};

pub fn incremental_alter_configs_request() -> IncrementalAlterConfigsRequest<'static> {
    IncrementalAlterConfigsRequest {
        resources: vec![
            IncrementalAlterConfigsResource {
                resource_type: 3,
                resource_name: "resource name",
                configs: vec![
                    IncrementalAlterableConfig {
                        name: "retention.ms",
                        config_operation: 4,
                        value: Some("value"),
                    },
                    IncrementalAlterableConfig::default(),
                ],
            },
            IncrementalAlterConfigsResource::default(),
        ],
        validate_only: true,
    }
}

pub fn incremental_alter_configs_response() -> IncrementalAlterConfigsResponse<'static> {
    IncrementalAlterConfigsResponse {
        throttle_time_ms: 3,
        responses: vec![
            IncrementalAlterConfigsResourceResponse {
                error_code: ErrorCode::InvalidConfig,
                error_message: Some("error message".into()),
                resource_type: 5,
                resource_name: "resource name".into(),
            },
            IncrementalAlterConfigsResourceResponse::default(),
        ],
    }
}

pub fn alter_configs_request() -> AlterConfigsRequest<'static> {
    AlterConfigsRequest {
        resources: vec![
            AlterConfigsResource {
                resource_type: 3,
                resource_name: "resource name",
                configs: vec![
                    AlterableConfig { name: "retention.ms", value: Some("value") },
                    AlterableConfig::default(),
                ],
            },
            AlterConfigsResource::default(),
        ],
        validate_only: true,
    }
}

pub fn alter_configs_response() -> AlterConfigsResponse<'static> {
    AlterConfigsResponse {
        throttle_time_ms: 3,
        responses: vec![
            AlterConfigsResourceResponse {
                error_code: ErrorCode::InvalidConfig,
                error_message: Some("error message".into()),
                resource_type: 5,
                resource_name: "resource name".into(),
            },
            AlterConfigsResourceResponse::default(),
        ],
    }
}

pub fn list_config_resources_request() -> ListConfigResourcesRequest {
    ListConfigResourcesRequest { resource_types: vec![3, 7] }
}

pub fn list_config_resources_response() -> ListConfigResourcesResponse<'static> {
    ListConfigResourcesResponse {
        throttle_time_ms: 3,
        error_code: ErrorCode::InvalidRequest,
        config_resources: vec![
            ConfigResource { resource_name: "resource name".into(), resource_type: 4 },
            ConfigResource::default(),
        ],
    }
}
