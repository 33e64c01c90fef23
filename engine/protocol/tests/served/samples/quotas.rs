//! DescribeClientQuotas, AlterClientQuotas: bodies in which every field has a value of its own;
//! every list ends with an element of defaults.

use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::alter_client_quotas::{
    AlterClientQuotasRequest, AlterClientQuotasResponse, AlterableQuotaEntity, AlterableQuotaEntry,
    AlterableQuotaOp, AlteredQuotaEntity, AlteredQuotaEntry,
};
use headwater_protocol::messages::describe_client_quotas::{
    DescribeClientQuotasRequest, DescribeClientQuotasResponse, DescribedQuotaEntity,
    DescribedQuotaEntry, DescribedQuotaValue, QuotaComponent,
};

pub fn describe_client_quotas_request() -> DescribeClientQuotasRequest<'static> {
    DescribeClientQuotasRequest {
        components: vec![
            QuotaComponent { entity_type: "entity type", match_type: 4, name: Some("alice") },
            QuotaComponent::default(),
        ],
        strict: true,
    }
}

pub fn describe_client_quotas_response() -> DescribeClientQuotasResponse<'static> {
    DescribeClientQuotasResponse {
        throttle_time_ms: 3,
        error_code: ErrorCode::InvalidRequest,
        error_message: Some("error message".into()),
        entries: Some(vec![
            DescribedQuotaEntry {
                entity: vec![
                    DescribedQuotaEntity {
                        entity_type: "entity type".into(),
                        entity_name: Some("entity name".into()),
                    },
                    DescribedQuotaEntity::default(),
                ],
                values: vec![
                    DescribedQuotaValue { key: "key".into(), value: 4.5 },
                    DescribedQuotaValue::default(),
                ],
            },
            DescribedQuotaEntry::default(),
        ]),
    }
}

pub fn alter_client_quotas_request() -> AlterClientQuotasRequest<'static> {
    AlterClientQuotasRequest {
        entries: vec![
            AlterableQuotaEntry {
                entity: vec![
                    AlterableQuotaEntity {
                        entity_type: "entity type",
                        entity_name: Some("entity name"),
                    },
                    AlterableQuotaEntity::default(),
                ],
                ops: vec![
                    AlterableQuotaOp { key: "key", value: 4.5, remove: true },
                    AlterableQuotaOp::default(),
                ],
            },
            AlterableQuotaEntry::default(),
        ],
        validate_only: true,
    }
}

pub fn alter_client_quotas_response() -> AlterClientQuotasResponse<'static> {
    AlterClientQuotasResponse {
        throttle_time_ms: 3,
        entries: vec![
            AlteredQuotaEntry {
                error_code: ErrorCode::InvalidRequest,
                error_message: Some("error message".into()),
                entity: vec![
                    AlteredQuotaEntity {
                        entity_type: "entity type".into(),
                        entity_name: Some("entity name".into()),
                    },
                    AlteredQuotaEntity::default(),
                ],
            },
            AlteredQuotaEntry::default(),
        ],
    }
}
