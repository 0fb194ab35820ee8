//! What the metrics of clouds tell, by the names that their providers give them. Uses `model::signal`.
//!
//! Sources: the lists of `CloudWatch` metrics of each service, such as
//! <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html>,
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html>,
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html>;
//! <https://cloud.google.com/monitoring/api/metrics_gcp>; <https://learn.microsoft.com/azure/azure-monitor/reference/>.

use super::{Signal, of_name};

/// Metrics by exact name.
const NAMES: &[(Signal, &[&str])] = &[
    (
        Signal::Errors,
        &[
            "4XXError",
            "5XXError",
            "5xxErrorRate",
            "Deadlocks",
            "DeadLetterErrors",
            "Errors",
            "ExecutionsFailed",
            "ExecutionsTimedOut",
            "FailedInvocations",
            "HTTPCode_Backend_5XX",
            "HTTPCode_ELB_500_Count",
            "HTTPCode_ELB_502_Count",
            "HTTPCode_ELB_503_Count",
            "HTTPCode_ELB_504_Count",
            "HTTPCode_ELB_5XX_Count",
            "HTTPCode_Target_4XX_Count",
            "HTTPCode_Target_5XX_Count",
            "Http5xx",
            "LoginFailures",
            "RejectedConnectionCount",
            "SystemErrors",
            "TargetConnectionErrorCount",
            "UserErrors",
        ],
    ),
    (
        Signal::Latency,
        &[
            "CommitLatency",
            "Duration",
            "HttpResponseTime",
            "IntegrationLatency",
            "Latency",
            "OriginLatency",
            "ReadLatency",
            "SearchLatency",
            "SuccessfulRequestLatency",
            "TargetResponseTime",
            "WriteLatency",
        ],
    ),
    (
        Signal::Availability,
        &[
            "ClusterStatus.red",
            "HealthCheckPercentageHealthy",
            "HealthCheckStatus",
            "HealthyHostCount",
            "RunningTaskCount",
            "StatusCheckFailed",
            "StatusCheckFailed_Instance",
            "StatusCheckFailed_System",
            "SuccessPercent",
            "UnHealthyHostCount",
            "monitoring.googleapis.com/uptime_check/check_passed",
        ],
    ),
    (Signal::Traffic, &["Invocations", "NumberOfMessagesReceived", "NumberOfMessagesSent", "RequestCount", "Requests"]),
    (
        Signal::Saturation,
        &[
            "ApproximateAgeOfOldestMessage",
            "ApproximateNumberOfMessagesVisible",
            "AuroraReplicaLag",
            "BurstBalance",
            "CPUCreditBalance",
            "CPUUtilization",
            "ConcurrentExecutions",
            "CurrConnections",
            "DBLoad",
            "DatabaseConnections",
            "DatabaseMemoryUsagePercentage",
            "DiskQueueDepth",
            "EngineCPUUtilization",
            "Evictions",
            "FreeLocalStorage",
            "FreeStorageSpace",
            "FreeableMemory",
            "IteratorAge",
            "JVMMemoryPressure",
            "MaximumUsedTransactionIDs",
            "MemoryUtilization",
            "PercentIOLimit",
            "ReadThrottleEvents",
            "ReplicaLag",
            "SwapUsage",
            "ThrottledRequests",
            "Throttles",
            "WriteThrottleEvents",
            "cpu_percent",
            "memory_percent",
            "storage_percent",
        ],
    ),
];

/// What a metric of a cloud tells: by its name in the table, else as the names of series do.
pub fn of_metric(metric: &str) -> Vec<Signal> {
    match NAMES.iter().find(|(_, names)| names.contains(&metric)) {
        Some((signal, _)) => vec![*signal],
        None => of_name(metric),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_of_clouds_tell_by_their_names() {
        for (metric, expected) in [
            ("HTTPCode_Target_5XX_Count", Some(Signal::Errors)),
            ("TargetResponseTime", Some(Signal::Latency)),
            ("UnHealthyHostCount", Some(Signal::Availability)),
            ("RequestCount", Some(Signal::Traffic)),
            ("FreeStorageSpace", Some(Signal::Saturation)),
            ("cloudsql.googleapis.com/database/cpu/utilization", Some(Signal::Saturation)),
            ("run.googleapis.com/request_latencies", Some(Signal::Latency)),
            ("kube_deployment_status_replicas_unavailable", Some(Signal::Availability)),
            ("TextMessageMonthlySpend", None),
        ] {
            assert_eq!(of_metric(metric), expected.into_iter().collect::<Vec<_>>(), "{metric}");
        }
    }
}
