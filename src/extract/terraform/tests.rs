//! Resources → datastores, backups, workloads and alarms.

use crate::extract::Facts;
use crate::model::alert::Watch;
use crate::model::{Backup, Coverage, Datastore, Deployment, Fact, Model, Noun, Release, Workload};
use crate::resolve::terraform::testing::Repository;
use crate::tree::Text;

fn read(files: &[(&str, &str)]) -> (Repository, Model) {
    let repository = Repository::new(files);
    let mut facts = Facts::default();
    super::extract(&repository.resolved, &mut facts);
    (repository, facts.model)
}

fn main(text: &str) -> (Repository, Model) {
    read(&[("main.tf", text)])
}

fn named<'m, T: Noun>(model: &'m Model, name: &str) -> &'m T {
    model.each::<T>().map(|(_, noun)| noun).find(|noun| noun.name() == name).unwrap_or_else(|| panic!("no {name}"))
}

fn store<'m>(model: &'m Model, name: &str) -> &'m Datastore {
    named(model, name)
}

fn under<'r, T>(repository: &'r Repository, fact: &Fact<T>) -> &'r str {
    repository.text(fact.span.unwrap())
}

#[test]
fn a_database_is_read_by_the_table() {
    let (repository, model) = main(
        r#"
provider "aws" {
  default_tags { tags = { Team = "platform", Service = "none" } }
}
resource "aws_db_instance" "bare" {
  engine = "postgres"
  tags   = { Service = "shop" }
}
resource "aws_db_instance" "kept" {
  identifier               = "shop-kept"
  engine                   = "mysql"
  backup_retention_period  = "14"
  delete_automated_backups = false
  lifecycle { prevent_destroy = true }
}
resource "aws_db_instance" "replica" {
  replicate_source_db = aws_db_instance.kept.identifier
}
variable "days" {}
variable "on" {}
resource "aws_db_instance" "open" { backup_retention_period = var.days }
resource "aws_db_instance" "maybe" {
  count                   = var.on ? 1 : 0
  backup_retention_period = 0
}
"#,
    );
    let bare = store(&model, "aws_db_instance.bare");
    assert_eq!(repository.text(bare.place.span), r#"resource "aws_db_instance" "bare""#);
    assert!(bare.backup.enabled.is_false() && bare.deletion_protection.is_false() && bare.deletes_backups.is_true());
    assert_eq!(under(&repository, &bare.backup.enabled), r#"resource "aws_db_instance" "bare""#);
    assert_eq!((bare.tags.value("Service"), bare.tags.value("Team")), (Some("shop"), Some("platform")));
    let kept = store(&model, "aws_db_instance.kept");
    assert_eq!(kept.backup.retention_days.value(), Some(&14.0));
    assert_eq!(under(&repository, &kept.backup.enabled), r#""14""#);
    assert_eq!(under(&repository, &kept.deletion_protection), "true");
    assert_eq!(kept.names, ["shop-kept", "kept"]);
    assert!(kept.deletes_backups.is_false() && kept.backup.pitr.is_true());
    assert!(store(&model, "aws_db_instance.replica").replica.is_true());
    let open = &store(&model, "aws_db_instance.open").backup.enabled;
    assert_eq!(open.reason().unwrap().reason, "`var.days` has no value here");
    assert!(store(&model, "aws_db_instance.maybe").place.doubt.is_some());
}

#[test]
fn companions_are_joined_by_reference_and_name() {
    let (repository, model) = main(
        r#"
resource "aws_s3_bucket" "plain" { bucket = "shop-plain" }
resource "aws_s3_bucket" "versioned" { bucket = "shop-versioned" }
resource "aws_s3_bucket_versioning" "v" {
  bucket = aws_s3_bucket.versioned.id
  versioning_configuration { status = "Enabled" }
}
resource "aws_s3_bucket" "named" { bucket = "shop-named" }
resource "aws_s3_bucket_versioning" "n" {
  bucket = "shop-named"
  versioning_configuration { status = "Enabled" }
}
resource "aws_s3_bucket" "off" { bucket = "shop-off" }
resource "aws_s3_bucket_versioning" "off" {
  count  = 0
  bucket = aws_s3_bucket.off.id
  versioning_configuration { status = "Enabled" }
}
resource "aws_s3_bucket" "access" { bucket = "shop-access-logs" }
resource "aws_s3_bucket" "expiring" { bucket = "shop-x" }
resource "aws_s3_bucket_lifecycle_configuration" "expiring" {
  bucket = aws_s3_bucket.expiring.bucket
  rule {
    id     = "all"
    status = "Enabled"
    filter {}
    expiration { days = 30 }
  }
}
resource "aws_s3_bucket" "dumps" { bucket = "shop-db-backups" }
resource "aws_s3_bucket_lifecycle_configuration" "dumps" {
  bucket = aws_s3_bucket.dumps.bucket
  rule {
    status = "Enabled"
    expiration { days = 90 }
  }
}
resource "aws_s3_bucket" "analyzer" { bucket = "log-analyzer" }
resource "aws_dynamodb_table" "locks" { hash_key = "LockID" }
resource "aws_dynamodb_table" "orders" {
  hash_key = "id"
  point_in_time_recovery { enabled = true }
}
"#,
    );
    assert!(store(&model, "aws_s3_bucket.plain").versioned.is_false());
    let versioned = &store(&model, "aws_s3_bucket.versioned").versioned;
    assert!(versioned.is_true());
    assert_eq!(under(&repository, versioned), r#""Enabled""#);
    assert!(store(&model, "aws_s3_bucket.named").versioned.is_true());
    assert!(store(&model, "aws_s3_bucket.off").versioned.is_false(), "a companion that is not made says nothing");
    assert!(store(&model, "aws_s3_bucket.access").disposable.is_true());
    assert!(store(&model, "aws_s3_bucket.expiring").disposable.is_true());
    for kept in ["plain", "dumps", "analyzer"] {
        assert!(store(&model, &format!("aws_s3_bucket.{kept}")).disposable.is_false(), "{kept}");
    }
    assert!(store(&model, "aws_dynamodb_table.locks").disposable.is_true());
    assert!(store(&model, "aws_dynamodb_table.orders").backup.pitr.is_true());
}

#[test]
fn public_modules_are_read_by_their_arguments() {
    let (repository, model) = main(
        r#"
module "db" {
  source                  = "terraform-aws-modules/rds/aws"
  version                 = "~> 6.0"
  identifier              = "orders"
  backup_retention_period = 5
}
"#,
    );
    let database = store(&model, "module.db");
    assert_eq!(database.type_name, "aws_db_instance");
    assert_eq!(database.backup.retention_days.value(), Some(&5.0));
    assert_eq!(under(&repository, &database.backup.retention_days), "5");
    assert_eq!(model.gaps.len(), 1);
}

#[test]
fn backups_and_restore_tests_name_what_they_cover() {
    let (_, model) = main(
        r#"
resource "aws_db_instance" "orders" { identifier = "orders" }
resource "aws_backup_plan" "daily" {
  name = "daily"
  rule {
    schedule = "cron(0 3 * * ? *)"
    lifecycle { delete_after = 35 }
  }
}
resource "aws_backup_selection" "s" {
  plan_id   = aws_backup_plan.daily.id
  resources = [aws_db_instance.orders.arn]
  selection_tag {
    type  = "STRINGEQUALS"
    key   = "backup"
    value = "daily"
  }
}
resource "aws_backup_restore_testing_plan" "tested" { name = "tested" }
resource "aws_backup_restore_testing_selection" "tested" {
  restore_testing_plan_name = aws_backup_restore_testing_plan.tested.name
  protected_resource_arns   = [aws_db_instance.orders.arn]
}
resource "aws_backup_restore_testing_plan" "empty" { name = "empty" }
"#,
    );
    let Coverage::Any(parts) = &model.backups[0].covers else { panic!("{:?}", model.backups[0].covers) };
    let covers: Vec<String> = parts
        .iter()
        .map(|part| match part {
            Coverage::Names(names) => names.iter().filter_map(Fact::value).map(ToString::to_string).collect(),
            Coverage::Tags(tags) => {
                tags.iter().map(|(key, value)| [key.as_str(), value.value().unwrap()].join("=")).collect()
            }
            _ => String::new(),
        })
        .collect();
    assert_eq!(covers, ["backup=daily", "aws_db_instance.ordersaws_db_instance.orders.arn"]);
    assert!(model.backups[0].selects.is_true() && !model.backups[0].by_tag);
    assert_eq!(model.backups[0].retention_days.value(), Some(&35.0));
    assert_eq!(model.backups[0].schedule.value().unwrap(), "cron(0 3 * * ? *)");
    let selected: Vec<bool> = model.restore_tests.iter().map(|test| test.has_selection.is_true()).collect();
    assert_eq!(selected, [false, true], "by name: empty, tested");
}

#[test]
fn services_roll_back_by_circuit_breaker_or_alarms() {
    let (repository, model) = main(
        r#"
resource "aws_ecs_service" "none" {
  name          = "none"
  desired_count = 2
}
resource "aws_ecs_service" "breaker" {
  name = "breaker"
  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }
  load_balancer { container_port = 80 }
}
resource "aws_ecs_service" "half" {
  deployment_circuit_breaker {
    enable   = true
    rollback = false
  }
}
resource "aws_ecs_service" "alarmed" {
  alarms {
    enable      = true
    rollback    = true
    alarm_names = [aws_cloudwatch_metric_alarm.a.alarm_name]
  }
}
resource "aws_ecs_service" "blue_green" {
  scheduling_strategy = "DAEMON"
  deployment_controller { type = "CODE_DEPLOY" }
}
resource "aws_cloudwatch_metric_alarm" "a" { alarm_name = "a" }
"#,
    );
    let service = |name: &str| named::<crate::model::Workload>(&model, &format!("aws_ecs_service.{name}"));
    assert!(service("none").auto_rollback.is_false() && service("none").scales);
    assert_eq!(service("none").replicas.value(), Some(&2));
    assert_eq!(under(&repository, &service("none").auto_rollback), r#"resource "aws_ecs_service" "none""#);
    assert!(service("breaker").auto_rollback.is_true() && service("breaker").serves);
    assert!(service("half").auto_rollback.is_false());
    assert!(service("alarmed").auto_rollback.is_true());
    assert!(service("blue_green").deployed_elsewhere.is_true() && !service("blue_green").scales);
    assert!(named::<crate::model::Alert>(&model, "aws_cloudwatch_metric_alarm.a").automation.is_true());
}

#[test]
fn alarms_say_whom_they_call_and_what_they_watch() {
    let (repository, model) = main(
        r#"
locals { pages = [aws_sns_topic.pages.arn] }
resource "aws_sns_topic" "pages" {}
resource "aws_db_instance" "db" {}
resource "aws_cloudwatch_metric_alarm" "cpu" {
  alarm_name        = "db-cpu"
  alarm_description = "Busy. Runbook: https://wiki.example/db.md#busy."
  namespace         = "AWS/RDS"
  dimensions        = { DBInstanceIdentifier = aws_db_instance.db.identifier }
  alarm_actions     = local.pages
}
resource "aws_cloudwatch_metric_alarm" "silent" { alarm_name = "silent" }
resource "aws_cloudwatch_metric_alarm" "off" {
  actions_enabled = false
  alarm_actions   = local.pages
}
resource "aws_autoscaling_policy" "up" {}
resource "aws_cloudwatch_metric_alarm" "scale" { alarm_actions = [aws_autoscaling_policy.up.arn] }
resource "datadog_monitor" "errors" {
  name    = "errors"
  message = "Errors rise. @pagerduty-Shop @slack-shop"
  query   = "avg(last_5m):sum:errors{service:shop} > 1"
}
resource "google_monitoring_alert_policy" "none" { display_name = "none" }
"#,
    );
    let alert = |name: &str| named::<crate::model::Alert>(&model, name);
    let cpu = alert("aws_cloudwatch_metric_alarm.cpu");
    assert_eq!((cpu.plain_name.as_str(), cpu.actions.value()), ("db-cpu", Some(&1)));
    assert_eq!(cpu.runbook.url.value().unwrap(), "https://wiki.example/db.md#busy");
    let Watch::Dimension { namespace, value, .. } = &cpu.watches[0] else { panic!() };
    assert_eq!(
        (namespace.as_str(), value.reason().unwrap().refers_to[0].as_str()),
        ("AWS/RDS", "aws_db_instance.db.identifier")
    );
    let silent = alert("aws_cloudwatch_metric_alarm.silent");
    assert_eq!(silent.actions.value(), Some(&0));
    assert_eq!(under(&repository, &silent.actions), r#"resource "aws_cloudwatch_metric_alarm" "silent""#);
    assert!(alert("aws_cloudwatch_metric_alarm.off").switched_off.is_true());
    assert!(alert("aws_cloudwatch_metric_alarm.off").notifies.is_false());
    assert!(alert("aws_cloudwatch_metric_alarm.scale").automation.is_true());
    assert_eq!(alert("datadog_monitor.errors").actions.value(), Some(&2));
    assert_eq!(alert("google_monitoring_alert_policy.none").actions.value(), Some(&0));
}

#[test]
fn tables_know_how_often_they_copy_and_how_far_behind_they_are() {
    let (_, model) = main(
        r#"
resource "aws_db_instance" "orders" { backup_retention_period = 7 }
resource "azurerm_cosmosdb_account" "carts" {
  backup {
    type                = "Periodic"
    interval_in_minutes = 60
  }
}
resource "google_bigtable_table" "events" {
  automated_backup_policy {
    retention_period = "72h0m0s"
    frequency        = "24h0m0s"
  }
}
resource "aws_redshift_cluster" "warehouse" {}
"#,
    );
    let told = |name: &str| {
        let store = store(&model, name);
        (store.own_interval_minutes.value().map(|it| it.round()), store.pitr_lag_minutes.value().map(|it| it.round()))
    };
    assert_eq!(told("aws_db_instance.orders"), (Some(1440.0), Some(5.0)));
    assert_eq!(told("azurerm_cosmosdb_account.carts").0, Some(60.0));
    assert_eq!(told("google_bigtable_table.events"), (Some(1440.0), None));
    assert_eq!(told("aws_redshift_cluster.warehouse"), (Some(480.0), None));
}

#[test]
fn what_turns_public_modules_off_and_what_they_default_to() {
    let (repository, model) = main(
        r#"
variable "on" {}
module "orders" {
  source                  = "terraform-aws-modules/rds/aws"
  version                 = "~> 6.0"
  identifier              = "orders"
  backup_retention_period = 0
}
module "off" {
  source             = "terraform-aws-modules/rds/aws"
  create_db_instance = false
}
module "maybe" {
  source        = "terraform-aws-modules/s3-bucket/aws"
  create_bucket = var.on
}
module "documents" {
  source = "cloudposse/documentdb-cluster/aws"
  name   = "documents"
}
module "uploads" {
  source = "terraform-google-modules/cloud-storage/google//modules/simple_bucket"
  name   = "uploads"
}
module "server" {
  source = "Azure/avm-res-dbforpostgresql-flexibleserver/azurerm"
  name   = "server"
  lock   = { kind = "CanNotDelete" }
}
module "jobs" {
  source = "git::https://github.com/terraform-aws-modules/terraform-aws-sqs.git?ref=v4.2.1"
  name   = "jobs"
}
"#,
    );
    let orders = store(&model, "module.orders");
    assert_eq!(orders.backup.retention_days.value(), Some(&0.0));
    assert_eq!(under(&repository, &orders.backup.retention_days), "0");
    assert!(model.each::<Datastore>().all(|(_, store)| store.name != "module.off"));
    assert!(store(&model, "module.maybe").place.doubt.is_some(), "it may not be made");
    assert_eq!(store(&model, "module.documents").backup.retention_days.value(), Some(&5.0));
    assert!(store(&model, "module.documents").skips_final_snapshot.is_true());
    assert!(store(&model, "module.uploads").versioned.is_true());
    assert!(store(&model, "module.server").deletion_protection.is_true());
    assert_eq!(store(&model, "module.jobs").kind, "queue");
}

#[test]
fn public_modules_make_what_runs() {
    let (_, model) = main(
        r#"
module "web" {
  source                   = "terraform-aws-modules/ecs/aws//modules/service"
  name                     = "web"
  autoscaling_min_capacity = 3
  desired_count            = 4
  load_balancer            = { service = { container_name = "web", container_port = 80 } }
  alarms                   = { alarm_names = ["errors"] }
}
module "fixed" {
  source                     = "terraform-aws-modules/ecs/aws//modules/service"
  name                       = "fixed"
  enable_autoscaling         = false
  load_balancer              = {}
  deployment_circuit_breaker = { enable = true, rollback = false }
}
module "bounded" {
  source                   = "terraform-aws-modules/ecs/aws//modules/service"
  autoscaling_min_capacity = 3
}
variable "count" {}
module "open" {
  source                   = "terraform-aws-modules/ecs/aws//modules/service"
  autoscaling_min_capacity = 3
  desired_count            = var.count
}
module "task" {
  source         = "terraform-aws-modules/ecs/aws//modules/service"
  create_service = false
}
module "hook" {
  source        = "terraform-aws-modules/lambda/aws"
  function_name = "hook"
}
module "alias" {
  source           = "terraform-aws-modules/lambda/aws//modules/alias"
  function_name    = module.hook.lambda_function_name
  function_version = module.hook.lambda_function_version
}
resource "aws_lambda_function_url" "hook" { function_name = module.hook.lambda_function_name }
module "layer" {
  source       = "terraform-aws-modules/lambda/aws"
  create_layer = true
}
"#,
    );
    let names: Vec<&str> = model.each::<Workload>().map(|(_, workload)| workload.name.as_str()).collect();
    assert_eq!(names, ["module.bounded", "module.fixed", "module.open", "module.web", "module.hook"]);
    let web: &Workload = named(&model, "module.web");
    assert_eq!((web.replicas.value(), web.serves), (Some(&3), true));
    assert!(web.auto_rollback.is_true(), "alarms roll back unless they say otherwise");
    // The scaler's minimum is never more than the desired count, which is 1 when left out.
    assert_eq!(named::<Workload>(&model, "module.bounded").replicas.value(), Some(&1));
    assert!(named::<Workload>(&model, "module.open").replicas.reason().is_some());
    let fixed: &Workload = named(&model, "module.fixed");
    assert_eq!((fixed.replicas.value(), fixed.serves), (Some(&1), false));
    assert!(fixed.auto_rollback.is_false());
    let hook: &Workload = named(&model, "module.hook");
    assert!(hook.serves && hook.has_alias.is_true());
}

#[test]
fn what_may_be_null_is_not_sure_to_be_set() {
    let (_, model) = main(
        r#"
variable "source" {}
resource "aws_db_instance" "main" {
  identifier = "orders"
}
module "elsewhere" {
  source = "example.com/db"
}
resource "aws_db_instance" "by_id" {
  replicate_source_db = aws_db_instance.main.id
}
resource "aws_db_instance" "by_text" {
  replicate_source_db = "arn:aws:rds:eu-west-1:${var.source}:db:orders"
}
resource "aws_db_instance" "by_choice" {
  replicate_source_db = var.source == "" ? null : aws_db_instance.main.arn
}
resource "aws_db_instance" "either_way" {
  replicate_source_db = var.source == "" ? aws_db_instance.main.id : aws_db_instance.main.arn
}
resource "aws_db_instance" "by_try" {
  replicate_source_db = try(aws_db_instance.main.arn, null)
}
resource "aws_db_instance" "by_setting" {
  replicate_source_db = aws_db_instance.main.kms_key_id
}
resource "aws_db_instance" "by_module" {
  replicate_source_db = module.elsewhere.id
}
resource "aws_dynamodb_table" "by_block" {
  dynamic "replica" {
    for_each = var.source
    content {
      region_name = replica.value
    }
  }
}
"#,
    );
    let replica = |name: &str| &store(&model, &format!("aws_db_instance.{name}")).replica;
    for sure in ["by_id", "by_text", "either_way"] {
        assert!(replica(sure).is_true(), "{sure}: {:?}", replica(sure));
    }
    for open in ["by_choice", "by_try", "by_setting", "by_module"] {
        assert!(replica(open).reason().is_some(), "{open}: {:?}", replica(open));
    }
    assert!(store(&model, "aws_dynamodb_table.by_block").copied_elsewhere.reason().is_some());
}

#[test]
fn releases_of_charts_say_how_they_are_upgraded() {
    let (_, model) = main(
        r#"
resource "helm_release" "bare" {
  name  = "bare"
  chart = "./charts/bare"
}
resource "helm_release" "careful" {
  name        = "careful"
  chart       = "./charts/careful"
  atomic      = true
  wait        = false
  max_history = 1
}
variable "history" {}
resource "helm_release" "open" {
  name        = "open"
  chart       = "./charts/open"
  wait        = false
  max_history = var.history
}
"#,
    );
    let release = |name: &str| named::<Release>(&model, &format!("helm_release.{name}"));
    let bare = release("bare");
    assert!(bare.goes_back.is_false() && bare.waits.is_true());
    assert_eq!(bare.max_history.value(), Some(&0));
    let careful = release("careful");
    assert!(careful.goes_back.is_true() && careful.waits.is_true());
    assert_eq!(careful.max_history.value(), Some(&1));
    assert!(release("open").waits.is_false() && release("open").max_history.reason().is_some());
}

/// When a plan runs, and for how many days it keeps copies.
fn planned<'m>(model: &'m Model, name: &str) -> (Option<&'m str>, Option<f64>) {
    let plan: &Backup = named(model, name);
    (plan.schedule.value().map(Text::as_str), plan.retention_days.value().copied())
}

#[test]
fn policies_of_azure_say_how_often_and_how_long() {
    let (_, model) = main(
        r#"
resource "azurerm_data_protection_backup_policy_disk" "disks" {
  name                            = "disks"
  vault_id                        = "v"
  backup_repeating_time_intervals = ["R/2026-05-19T06:33:16+00:00/PT4H"]
  default_retention_duration      = "P4M"
}
resource "azurerm_data_protection_backup_instance_disk" "data" {
  disk_id          = "data"
  backup_policy_id = azurerm_data_protection_backup_policy_disk.disks.id
}
resource "azurerm_data_protection_backup_policy_kubernetes_cluster" "cluster" {
  name                            = "cluster"
  backup_repeating_time_intervals = ["R/2026-05-23T02:30:00+00:00/P1W"]
  default_retention_rule {
    life_cycle {
      duration        = "P14D"
      data_store_type = "OperationalStore"
    }
  }
}
resource "azurerm_data_protection_backup_instance_kubernetes_cluster" "cluster" {
  kubernetes_cluster_id = "cluster"
  backup_policy_id      = azurerm_data_protection_backup_policy_kubernetes_cluster.cluster.id
}
resource "azurerm_backup_policy_vm" "machines" {
  name = "machines"
  backup {
    frequency     = "Hourly"
    time          = "08:00"
    hour_interval = 4
    hour_duration = 8
  }
  retention_daily { count = 30 }
}
resource "azurerm_backup_protected_vm" "machine" {
  source_vm_id     = "machine"
  backup_policy_id = azurerm_backup_policy_vm.machines.id
}
"#,
    );
    let repeating = "R/2026-05-19T06:33:16+00:00/PT4H";
    assert_eq!(planned(&model, "azurerm_data_protection_backup_instance_disk.data"), (Some(repeating), Some(120.0)));
    let weekly = "R/2026-05-23T02:30:00+00:00/P1W";
    assert_eq!(
        planned(&model, "azurerm_data_protection_backup_instance_kubernetes_cluster.cluster"),
        (Some(weekly), Some(14.0))
    );
    assert_eq!(planned(&model, "azurerm_backup_protected_vm.machine"), (Some("rate(16 hours)"), Some(30.0)));
}

#[test]
fn schedules_of_google_count_their_days_and_windows() {
    let (_, model) = main(
        r#"
resource "google_compute_resource_policy" "disks" {
  name = "disks"
  snapshot_schedule_policy {
    schedule {
      weekly_schedule {
        day_of_weeks {
          day        = "MONDAY"
          start_time = "02:00"
        }
        day_of_weeks {
          day        = "FRIDAY"
          start_time = "02:00"
        }
      }
    }
  }
}
resource "google_backup_dr_backup_plan" "hourly" {
  backup_plan_id = "hourly"
  backup_rules {
    rule_id               = "hourly"
    backup_retention_days = 5
    standard_schedule {
      recurrence_type  = "HOURLY"
      hourly_frequency = 6
      backup_window {
        start_hour_of_day = 6
        end_hour_of_day   = 12
      }
    }
  }
}
"#,
    );
    assert_eq!(planned(&model, "google_compute_resource_policy.disks").0, Some("0 0 * * MON,FRI"));
    assert_eq!(planned(&model, "google_backup_dr_backup_plan.hourly"), (Some("rate(18 hours)"), Some(5.0)));
}

#[test]
fn the_type_of_a_cluster_follows_its_engine() {
    let (_, model) = main(
        r#"
resource "aws_rds_cluster" "aurora" { engine = "aurora-postgresql" }
resource "aws_rds_cluster" "zones" { engine = "postgres" }
"#,
    );
    assert_eq!(store(&model, "aws_rds_cluster.aurora").protected_type, "Aurora");
    assert_eq!(store(&model, "aws_rds_cluster.zones").protected_type, "RDS");
}

#[test]
fn what_a_deployment_waits_for_a_rollback_waits_for_too() {
    let (_, model) = main(
        r#"
resource "aws_codedeploy_deployment_config" "slow" {
  deployment_config_name = "slow"
  compute_platform       = "ECS"
  traffic_routing_config {
    type = "TimeBasedLinear"
    time_based_linear {
      interval   = 2
      percentage = 25
    }
  }
}
resource "aws_codedeploy_deployment_group" "search" {
  app_name               = "search"
  deployment_group_name  = "search"
  deployment_config_name = aws_codedeploy_deployment_config.slow.id
}
resource "aws_codedeploy_deployment_group" "shop" {
  app_name               = "shop"
  deployment_group_name  = "shop"
  deployment_config_name = "CodeDeployDefault.ECSCanary10Percent5Minutes"
  blue_green_deployment_config {
    deployment_ready_option {
      action_on_timeout    = "STOP_DEPLOYMENT"
      wait_time_in_minutes = 30
    }
  }
}
resource "google_clouddeploy_target" "production" {
  name             = "production"
  location         = "europe-west1"
  require_approval = true
}
variable "target" {}
resource "google_clouddeploy_target" "prod" {
  name             = "${var.target}-prod"
  location         = "europe-west1"
  require_approval = true
}
resource "google_clouddeploy_target" "prod_us" {
  name     = "${var.target}-prod-us"
  location = "us-east1"
}
resource "google_clouddeploy_delivery_pipeline" "stock" {
  name     = "stock"
  location = "us-east1"
  serial_pipeline {
    stages { target_id = google_clouddeploy_target.prod_us.name }
  }
}
resource "google_clouddeploy_delivery_pipeline" "mailer" {
  name     = "mailer"
  location = "europe-west1"
  serial_pipeline {
    stages { target_id = "staging" }
    stages { target_id = google_clouddeploy_target.production.name }
  }
}
"#,
    );
    let waits = |name: &str| -> Vec<Option<i64>> {
        named::<Deployment>(&model, name).gates.iter().map(|gate| gate.seconds).collect()
    };
    assert_eq!(waits("aws_codedeploy_deployment_group.search"), [Some(360)]);
    assert_eq!(waits("aws_codedeploy_deployment_group.shop"), [Some(300), None]);
    assert_eq!(waits("google_clouddeploy_delivery_pipeline.mailer"), [None]);
    assert_eq!(waits("google_clouddeploy_delivery_pipeline.stock"), []);
}
