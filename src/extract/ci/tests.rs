//! Pipelines of each platform → jobs that ship.

use crate::extract::{Facts, read_yaml};
use crate::model::Deployment;
use crate::source::Sources;

fn github(name: &str, text: &str) -> (Sources, Facts) {
    read_yaml(&format!(".github/workflows/{name}"), text)
}

fn only(facts: &Facts) -> &Deployment {
    assert_eq!(facts.model.deployments.len(), 1, "{:?}", facts.model.deployments);
    &facts.model.deployments[0]
}

const COPIES_STAGING: &str = "
name: Deploy search
on:
  push: {branches: [main], paths: ['k8s/production/search/**']}
jobs:
  production:
    environment: production
    steps:
      - run: |
          kubectl --context production apply --filename k8s/production/search/
          kubectl --namespace search set image deployment/search-api search-api=$image
";

#[test]
fn a_job_that_sets_images_has_no_way_back() {
    let (sources, facts) = github("deploy-search.yml", COPIES_STAGING);
    let deployment = only(&facts);
    assert_eq!(deployment.name, ".github/workflows/deploy-search.yml#production");
    assert_eq!(sources.slice(deployment.place.span), "production");
    assert!(deployment.way_back.is_false());
    for name in ["search", "deployment/search-api", "k8s/production/search/**"] {
        assert!(deployment.uses.iter().any(|used| used == name), "{name} in {:?}", deployment.uses);
    }
}

#[test]
fn an_input_for_the_version_is_a_way_back() {
    let text = COPIES_STAGING.replace("\non:\n", "\non:\n  workflow_dispatch: {inputs: {image-tag: {type: string}}}\n");
    let (sources, facts) = github("deploy-search.yml", &text);
    let way_back = &only(&facts).way_back;
    assert!(way_back.is_true());
    assert_eq!(sources.slice(way_back.span.unwrap()), "image-tag");
}

#[test]
fn a_handler_of_failure_that_goes_back_is_a_way_back() {
    let text =
        format!("{COPIES_STAGING}      - if: failure()\n        run: kubectl rollout undo deployment/search-api\n");
    let (sources, facts) = github("deploy-search.yml", &text);
    let deployment = only(&facts);
    assert!(deployment.way_back.is_true());
    assert_eq!(deployment.way, "`kubectl rollout undo` in the job");
    assert_eq!(sources.slice(deployment.way_back.span.unwrap()), "kubectl rollout undo deployment/search-api");
}

#[test]
fn what_the_repository_says_is_reverted_in_the_repository() {
    let text = "
on: {push: {branches: [main]}}
jobs:
  apply:
    steps:
      - run: terraform -chdir=infra apply -auto-approve
";
    assert!(only(&github("terraform.yml", text).1).way_back.is_true());
    let computed = text.replace(
        "terraform -chdir=infra apply -auto-approve",
        "sed -i s/TAG/$SHA/ k8s/web.yaml && kubectl apply -f k8s/",
    );
    assert!(only(&github("terraform.yml", &computed).1).way_back.is_false());
}

#[test]
fn a_workflow_of_another_repository_is_not_known() {
    let text = "
on: {push: {branches: [main]}}
jobs:
  deploy-production:
    uses: acme/workflows/.github/workflows/deploy.yml@v2
";
    let (sources, facts) = github("ship.yml", text);
    let reason = only(&facts).way_back.reason().unwrap();
    assert!(reason.reason.contains("another repository"), "{reason:?}");
    assert_eq!(sources.slice(reason.span.unwrap()), "acme/workflows/.github/workflows/deploy.yml@v2");
}

#[test]
fn other_environments_pages_and_packages_are_left_out() {
    for (name, on, job, step) in [
        ("deploy.yml", "push: {branches: [main]}", "environment: staging", "run: kubectl apply -f k8s/"),
        ("deploy-staging.yml", "push: {branches: [main]}", "name: x", "run: kubectl apply -f k8s/"),
        ("ci.yml", "pull_request: {}", "name: E2E tests", "run: kubectl apply -f k8s/"),
        ("ci.yml", "pull_request: {}", "name: x", "run: kubectl apply -f k8s/"),
        ("site.yml", "push: {branches: [main]}", "environment: github-pages", "uses: actions/deploy-pages@v4"),
        ("publish.yml", "push: {tags: ['v*']}", "name: Publish", "run: npm publish"),
        ("build.yml", "push: {branches: [main]}", "name: Build", "run: docker push registry/web:$SHA"),
        ("deploy.yml", "push: {branches: [main]}", "name: x", "run: helm upgrade web ./chart -n shop-staging"),
        ("plan.yml", "push: {branches: [main]}", "name: x", "run: terraform plan"),
    ] {
        let text = format!("on:\n  {on}\njobs:\n  job:\n    {job}\n    steps:\n      - {step}\n");
        let (_, facts) = github(name, &text);
        assert!(facts.model.deployments.is_empty(), "{text}\n{:?}", facts.model.deployments);
    }
}

#[test]
fn the_matrix_and_the_branch_say_production() {
    let matrix = "
on: {push: {branches: [main]}}
jobs:
  deploy:
    name: Build, test and deploy
    strategy: {matrix: {target: [staging, production]}}
    environment: ${{ matrix.target }}
    steps: [{run: helm upgrade --atomic web ./chart}]
";
    assert!(only(&github("cd.yml", matrix).1).way_back.is_true());
    let branch = "
on: {push: {branches: [main]}}
jobs:
  release: {steps: [{uses: 'aws-actions/amazon-ecs-deploy-task-definition@v2', with: {service: web, cluster: shop}}]}
";
    let (_, facts) = github("pipeline.yml", branch);
    assert!(only(&facts).way_back.is_false());
    assert!(only(&facts).uses.iter().any(|used| used == "web"));
}

#[test]
fn gitlab_jobs_extend_templates_and_can_be_run_again() {
    let text = "
.deploy:
  script: [kubectl set image deployment/web web=$CI_COMMIT_SHA]
deploy-production:
  extends: .deploy
  environment: production
  only: [main]
deploy-staging:
  extends: .deploy
  environment: staging
stop-production:
  extends: .deploy
  environment: {name: production, action: stop}
";
    let (sources, facts) = read_yaml(".gitlab-ci.yml", text);
    let deployment = only(&facts);
    assert_eq!(sources.slice(deployment.place.span), "deploy-production");
    assert!(deployment.way_back.is_true());
    let without = text.replace("  environment: production\n", "");
    assert!(only(&read_yaml(".gitlab-ci.yml", &without).1).way_back.is_false());
}

#[test]
fn circleci_and_azure_are_read() {
    let circle = "
jobs:
  deploy:
    steps: [checkout, {run: {name: Ship, command: helm upgrade web ./chart}}]
workflows:
  main: {jobs: [{deploy: {filters: {branches: {only: main}}}}]}
";
    let (sources, facts) = read_yaml(".circleci/config.yml", circle);
    assert_eq!(sources.slice(only(&facts).place.span), "deploy");
    assert!(only(&facts).way_back.is_false());
    let azure = "
stages:
  - stage: Ship
    jobs:
      - deployment: Web
        environment: production
        strategy:
          runOnce:
            deploy: {steps: [{task: AzureWebApp@1, inputs: {appName: shop}}]}
            on: {failure: {steps: [{script: ./rollback.sh}]}}
";
    let (sources, facts) = read_yaml("azure-pipelines.yml", azure);
    assert_eq!(sources.slice(only(&facts).place.span), "Web");
    assert!(only(&facts).way_back.is_true());
}
