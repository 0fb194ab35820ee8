//! Pipelines of each platform → jobs that ship.

use crate::extract::Facts;
use crate::model::{Deployment, Environments};
use crate::resolve::rendered::Renderings;
use crate::source::{Source, SourceId, Sources};
use crate::tree::{Document, Text};

/// The pipelines of a repository.
fn read(files: &[(&str, &str)]) -> (Sources, Facts) {
    let mut files = files.to_vec();
    files.sort_unstable();
    let sources = Sources::new(files.iter().map(|(path, text)| Source::new(*path, *text)).collect());
    let parse = |(id, source): (SourceId, &Source)| {
        if !source.path.ends_with("ml") {
            return crate::parse::groovy::parse(id, &source.text);
        }
        let parsed = crate::parse::yaml::parse(id, &source.text);
        assert_eq!(parsed.problems, [], "the test's own text");
        parsed.document
    };
    let documents: Vec<Document> = sources.iter().map(parse).collect();
    let kept = documents.iter().map(|document| (sources.get(document.source), document));
    let kept = kept.filter(|(source, document)| super::concerns(&source.path, document));
    let (environments, renderings) = (Environments::default(), Renderings::default());
    let mut pipelines = super::Files::new(kept, std::iter::empty(), &environments);
    pipelines.add_objects(sources.iter(), &renderings);
    let facts = super::extract(&pipelines);
    (sources, facts)
}

fn read_yaml(path: &str, text: &str) -> (Sources, Facts) {
    read(&[(path, text)])
}

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

const CALLED: &str = "
on:
  workflow_call:
    inputs: {environment: {type: string}, service: {type: string, default: web}}
jobs:
  ship:
    environment: ${{ inputs.environment }}
    steps:
      - run: kubectl set image deployment/${{ inputs.service }} app=$GITHUB_SHA
";

#[test]
fn what_a_called_workflow_does_its_caller_does() {
    let caller = "
on: {push: {branches: [main]}}
jobs:
  staging: {uses: ./.github/workflows/deploy.yml, with: {environment: staging}}
  live: {uses: ./.github/workflows/deploy.yml, with: {environment: production, service: search}}
";
    let (sources, facts) = read(&[(".github/workflows/cd.yml", caller), (".github/workflows/deploy.yml", CALLED)]);
    let deployment = only(&facts);
    assert_eq!(deployment.name, ".github/workflows/cd.yml#live");
    assert_eq!(sources.slice(deployment.place.span), "live");
    assert!(deployment.way_back.is_false());
    assert!(deployment.verified.is_false());
    assert_eq!(deployment.way_back.via.len(), 1, "the called job stands beside it");
    assert_eq!(sources.path(deployment.way_back.via[0]), ".github/workflows/deploy.yml");
    assert!(deployment.uses.iter().any(|used| used == "deployment/search"), "{:?}", deployment.uses);
}

#[test]
fn a_workflow_that_can_be_started_by_hand_is_the_way_back_of_its_callers() {
    let caller = "
on: {push: {branches: [main]}}
jobs:
  production: {uses: ./.github/workflows/deploy.yml, with: {environment: production}}
";
    let called = CALLED.replace("on:\n", "on:\n  workflow_dispatch: {inputs: {version: {}}}\n");
    let (_, facts) = read(&[(".github/workflows/cd.yml", caller), (".github/workflows/deploy.yml", &called)]);
    let deployment = facts.model.deployments.iter().find(|it| it.place.path.ends_with("cd.yml")).unwrap();
    assert_eq!(deployment.way, "run `.github/workflows/deploy.yml` with another `version`");
}

#[test]
fn a_workflow_that_goes_back_is_the_way_back_of_what_it_names() {
    let rollback = "
on: workflow_dispatch
jobs: {undo: {steps: [{run: 'kubectl -n shop rollout undo deployment/NAME'}]}}
";
    let of = |name: &str| {
        let rollback = rollback.replace("NAME", name);
        let (_, facts) = read(&[
            (".github/workflows/deploy-search.yml", COPIES_STAGING),
            (".github/workflows/rollback.yml", &rollback),
        ]);
        only(&facts).way_back.is_true()
    };
    assert!(of("search-api"));
    assert!(of("${{ inputs.service }}"));
    assert!(!of("catalogue"));
}

#[test]
fn composite_actions_are_followed() {
    let workflow = "
on: {push: {branches: [main]}}
jobs:
  deploy:
    environment: production
    steps:
      - {uses: ./.github/actions/deploy/, with: {app: search}}
";
    let action = "
inputs: {app: {}, namespace: {default: shop}}
runs:
  using: composite
  steps:
    - {run: 'helm upgrade ${{ inputs.app }} ./chart -n ${{ inputs.namespace }}', shell: bash}
    - {uses: ./.github/actions/look}
";
    let look = "runs: {using: composite, steps: [{run: kubectl rollout status deployment/x, shell: bash}]}\n";
    let path = ".github/workflows/deploy.yml";
    let (sources, facts) = read(&[
        (path, workflow),
        (".github/actions/deploy/action.yml", action),
        (".github/actions/look/action.yaml", look),
    ]);
    let deployment = only(&facts);
    assert_eq!(sources.path(deployment.place.span), path);
    assert!(deployment.verified.is_true());
    assert!(deployment.way_back.is_false());
    assert!(deployment.uses.iter().any(|used| used == "search"));
    // One that is not there, and one that is a program.
    for action in [None, Some("runs: {using: node24, main: x.js}\n")] {
        let files = [(path, workflow), (".github/actions/deploy/action.yml", action.unwrap_or("runs: {}\n"))];
        let (_, facts) = read(if action.is_some() { &files } else { &files[..1] });
        assert!(only(&facts).way_back.reason().unwrap().reason.contains("`./.github/actions/deploy/`"));
    }
}

#[test]
fn calls_in_a_circle_and_missing_files_end() {
    let one = "
on: {push: {branches: [main]}, workflow_call: {}}
jobs:
  deploy-production: {uses: ./.github/workflows/deploy.yml}
";
    let action = "runs: {using: composite, steps: [{uses: ./.github/actions/deploy}]}\n";
    let (_, facts) = read(&[
        (".github/workflows/deploy.yml", one),
        (".github/actions/deploy/action.yml", action),
        (
            ".github/workflows/x.yml",
            "on: push\njobs: {production: {steps: [{uses: ./.github/actions/deploy}], environment: production}}\n",
        ),
        (".github/workflows/y.yml", "on: push\njobs: {deploy-prod: {uses: ./.github/workflows/deploy-gone.yml}}\n"),
    ]);
    assert_eq!(facts.model.deployments.len(), 3, "{:#?}", facts.model.deployments);
    assert!(facts.model.deployments.iter().all(|it| it.way_back.reason().is_some()));
}

#[test]
fn many_calls_are_bounded() {
    // Ten levels of ten calls each would be ten thousand million jobs.
    let mut files: Vec<(String, String)> = Vec::new();
    for level in 0..10 {
        let jobs: String = (0..10)
            .map(|job| {
                ["  j", &job.to_string(), ": {uses: ./.github/workflows/w", &(level + 1).to_string(), ".yml}\n"]
                    .concat()
            })
            .collect();
        let on = if level == 0 { "push" } else { "workflow_call" };
        files.push((format!(".github/workflows/w{level}.yml"), format!("on: {on}\njobs:\n{jobs}")));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    assert!(read(&files).1.model.deployments.is_empty());
}

#[test]
fn gitlab_pipelines_are_read_with_what_they_include() {
    let main = "
include:
  - local: /.gitlab/ci/*.yml
  - project: acme/templates
    file: deploy.yml
variables: {NAMESPACE: shop}
default: {before_script: [echo default]}
deploy-production:
  environment: {name: production}
  when: manual
  variables: {APP: search}
";
    let jobs = "
.kubectl:
  script:
    - echo start
    - kubectl -n $NAMESPACE set image deployment/$APP app=$CI_COMMIT_SHA
.look: {script: ['kubectl rollout status deployment/$APP']}
deploy-production:
  script:
    - !reference [.kubectl, script]
    - !reference [.look, script]
  rules:
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
deploy-requests:
  extends: .kubectl
  rules:
    - {if: $CI_COMMIT_BRANCH == \"main\", when: never}
    - if: $CI_PIPELINE_SOURCE == \"merge_request_event\"
";
    let (sources, facts) = read(&[(".gitlab-ci.yml", main), (".gitlab/ci/deploy.yml", jobs)]);
    let deployment = only(&facts);
    assert_eq!(deployment.name, ".gitlab-ci.yml#deploy-production");
    assert!(deployment.way_back.is_true());
    assert!(deployment.verified.is_true());
    assert_eq!(sources.path(deployment.verified.span.unwrap()), ".gitlab/ci/deploy.yml");
    assert!(deployment.uses.iter().any(|used| used == "deployment/search"), "{:?}", deployment.uses);
    assert!(deployment.gates.iter().any(|gate| gate.what.contains("`deploy-production`")));
    assert_eq!(facts.model.gaps.len(), 1);
    assert!(facts.model.gaps[0].reason.contains("`acme/templates`"));
}

#[test]
fn gitlab_templates_from_elsewhere_are_not_known() {
    let text = "
include: {project: acme/templates, file: deploy.yml}
deploy:
  extends: .deploy-to-cluster
  environment: production
";
    let (_, facts) = read_yaml(".gitlab-ci.yml", text);
    let reason = only(&facts).verified.reason().unwrap();
    assert!(reason.reason.contains("`acme/templates`"), "{reason:?}");
}

#[test]
fn gitlab_child_pipelines_belong_to_the_job_that_starts_them() {
    let main = "
deploy-production:
  trigger: {include: services/search/deploy.yml}
  rules: [{if: $CI_COMMIT_BRANCH == \"main\"}]
";
    let child = "ship:\n  script: [kubectl set image deployment/search search=$CI_COMMIT_SHA]\n";
    let (sources, facts) = read(&[(".gitlab-ci.yml", main), ("services/search/deploy.yml", child)]);
    let deployment = only(&facts);
    assert_eq!(deployment.name, ".gitlab-ci.yml#deploy-production / ship");
    assert_eq!(sources.slice(deployment.place.span), "deploy-production");
    assert!(deployment.way_back.is_false());
    let (_, alone) = read_yaml(".gitlab-ci.yml", &main.replace("{include: services/search/deploy.yml}", "acme/ship"));
    assert!(only(&alone).way_back.reason().unwrap().reason.contains("`acme/ship`"));
}

#[test]
fn gitlab_includes_and_templates_in_a_circle_end() {
    let one = "include: two.gitlab-ci.yml\n.a: {extends: .b}\nx: {extends: .a, script: [!reference [x, script]]}\n";
    let two = "include: .gitlab-ci.yml\n.b: {extends: .a}\nc: {trigger: {include: two.gitlab-ci.yml}}\n";
    let (_, facts) = read(&[(".gitlab-ci.yml", one), ("two.gitlab-ci.yml", two)]);
    assert!(facts.model.deployments.is_empty());
}

#[test]
fn circleci_commands_and_parameters_are_followed() {
    let text = "
orbs: {k8s: circleci/kubernetes@1.3}
parameters: {image-tag: {type: string, default: ''}}
commands:
  ship:
    parameters: {app: {type: string}}
    steps: [{run: 'kubectl set image deployment/<< parameters.app >> app=$SHA'}]
jobs:
  deploy:
    parameters: {env: {type: string}}
    steps: [checkout, {ship: {app: search}}, {when: {condition: x, steps: [{run: echo << parameters.env >>}]}}]
  other: {steps: [{k8s/deploy: {name: x}}]}
workflows:
  main:
    jobs:
      - hold: {type: approval}
      - deploy: {name: deploy-staging, env: staging, filters: {branches: {only: main}}}
      - deploy: {name: deploy-production, env: production, requires: [hold], filters: {branches: {only: main}}}
      - other: {name: orb-prod, filters: {branches: {only: main}}}
";
    let (sources, facts) =
        read_yaml(".circleci/config.yml", &text.replace("parameters: {image-tag: {type: string, default: ''}}\n", ""));
    let [production, orb] = facts.model.deployments.as_slice() else { panic!("{:#?}", facts.model.deployments) };
    assert_eq!(production.name, ".circleci/config.yml#deploy-production");
    assert!(production.way_back.is_false());
    assert!(production.uses.iter().any(|used| used == "deployment/search"));
    assert_eq!(sources.slice(production.gates[0].span), "hold");
    assert!(orb.way_back.reason().unwrap().reason.contains("`k8s/deploy`"));
    let (_, facts) = read_yaml(".circleci/config.yml", text);
    assert!(facts.model.deployments.iter().all(|it| it.way_back.is_true()));
}

#[test]
fn azure_templates_are_followed_with_their_parameters() {
    let main = "
trigger: [main]
stages:
  - stage: Approve
    jobs: [{job: ask, pool: server, steps: [{task: ManualValidation@1}]}]
  - template: pipelines/deploy.yml
    parameters: {environment: production, apps: [search, catalogue]}
  - template: deploy-more.yml@templates
";
    let template = "
parameters:
  - {name: environment, type: string}
  - {name: apps, type: object, default: []}
stages:
  - stage: ${{ parameters.environment }}
    dependsOn: Approve
    jobs:
      - deployment: Ship
        environment: ${{ parameters.environment }}
        strategy:
          runOnce:
            deploy:
              steps:
                - ${{ each app in parameters.apps }}:
                  - script: helm upgrade ${{ app }} ./chart
                - ${{ if eq(parameters.environment, 'production') }}:
                  - template: steps/look.yml
";
    let steps = "steps: [{script: kubectl rollout status deployment/x}]\n";
    let (sources, facts) =
        read(&[("azure-pipelines.yml", main), ("pipelines/deploy.yml", template), ("pipelines/steps/look.yml", steps)]);
    let [deployment] = facts.model.deployments.as_slice() else { panic!("{:#?}", facts.model.deployments) };
    assert_eq!(sources.slice(deployment.place.span), "pipelines/deploy.yml");
    assert!(deployment.way_back.is_false());
    assert_eq!(sources.path(deployment.way_back.via[0]), "pipelines/deploy.yml");
    assert!(deployment.verified.is_true());
    for app in ["search", "catalogue"] {
        assert!(deployment.uses.iter().any(|used| used == app), "{:?}", deployment.uses);
    }
    assert!(deployment.gates.iter().any(|gate| gate.what.contains("`ask`")), "{:?}", deployment.gates);
    let circle = "jobs: [{template: azure-pipelines.yml}]\n";
    assert!(read_yaml("azure-pipelines.yml", circle).1.model.deployments.is_empty());
}

const JENKINSFILE: &str = "
def ship(app) {
  sh \"kubectl -n shop set image deployment/search search=$IMAGE\"
}
pipeline {
  agent any
  environment { IMAGE = \"registry.shop.io/search:${env.GIT_COMMIT}\" }
  stages {
    stage('Build') { steps { sh 'make image' } }
    stage('Deploy to staging') { steps { sh 'kubectl -n staging set image deployment/search search=$IMAGE' } }
    stage('Release') {
      when { branch 'main' }
      input { message 'Ship it?' }
      steps {
        container('kubectl') { ship('search') }
      }
    }
  }
}
";

#[test]
fn stages_of_a_jenkinsfile_are_jobs() {
    let (sources, facts) = read(&[("Jenkinsfile", JENKINSFILE)]);
    let deployment = only(&facts);
    assert_eq!(deployment.name, "Jenkinsfile#Release");
    assert_eq!(sources.slice(deployment.place.span), "'Release'");
    assert!(deployment.way_back.is_false());
    assert!(deployment.verified.is_false());
    assert!(deployment.uses.iter().any(|used| used == "deployment/search"), "{:?}", deployment.uses);
    assert_eq!(deployment.gates[0].what, "a person who answers \"Ship it?\"");
}

#[test]
fn parameters_and_handlers_of_a_jenkinsfile_are_ways_back() {
    let way = |text: &str| only(&read(&[("ci/Jenkinsfile", text)]).1).way.to_string();
    let parameter = JENKINSFILE.replace("agent any", "agent any\n  parameters { string(name: 'IMAGE_TAG') }");
    assert_eq!(way(&parameter), "run it again with another `IMAGE_TAG`");
    let handler = JENKINSFILE.replace(
        "ship('search') }\n      }",
        "ship('search') }\n      }\n      post { failure { sh 'kubectl rollout undo deployment/search' } }",
    );
    assert_eq!(way(&handler), "`kubectl rollout undo` in the job");
    let looks = JENKINSFILE.replace("ship('search')", "ship('search'); sh 'kubectl rollout status deployment/search'");
    assert!(only(&read(&[("Jenkinsfile", &looks)]).1).verified.is_true());
}

#[test]
fn branches_of_a_jenkinsfile_say_what_is_shipped() {
    let ships = |when: &str| {
        let text = JENKINSFILE.replace("branch 'main'", when);
        !read(&[("Jenkinsfile", &text)]).1.model.deployments.is_empty()
    };
    for when in
        ["branch 'main'", "anyOf { branch 'main'; branch 'develop' }", "expression { env.BRANCH_NAME == 'master' }"]
    {
        assert!(ships(when), "{when}");
    }
    for when in ["branch 'develop'", "not { branch 'main' }", "changeRequest()", "expression { BRANCH_NAME != 'main' }"]
    {
        assert!(!ships(when), "{when}");
    }
}

#[test]
fn what_of_jenkins_is_not_read_is_said() {
    for (text, reason) in [
        ("node { stage('Deploy') { sh 'kubectl apply -f k8s/' } }", "a scripted pipeline"),
        ("@Library('shop') _\nshopPipeline(service: 'search')", "a shared library"),
    ] {
        let (_, facts) = read(&[("Jenkinsfile", text)]);
        assert!(facts.model.gaps[0].reason.contains(reason), "{:?}", facts.model.gaps);
    }
    let library = JENKINSFILE.replace("ship('search')", "deployToCluster(app: 'search', environment: 'production')");
    let library = library.replace("stage('Release')", "stage('Release to production')");
    let (_, facts) = read(&[("Jenkinsfile", &library)]);
    assert!(only(&facts).way_back.reason().unwrap().reason.contains("`deployToCluster`"));
}

const WORKFLOW: &str = "
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: deploy-search}
spec:
  entrypoint: main
  templates:
    - name: main
      steps:
        - - name: approve
            template: approve
        - - name: ship
            templateRef: {name: common, template: set-image}
            arguments: {parameters: [{name: app, value: search}]}
    - name: approve
      suspend: {}
---
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: common}
spec:
  templates:
    - name: set-image
      inputs: {parameters: [{name: app}]}
      script:
        image: kubectl
        command: [sh]
        env: [{name: APP, value: '{{inputs.parameters.app}}'}]
        source: kubectl set image deployment/$APP app=registry.shop.io/app:$TAG
    - name: again
      dag: {tasks: [{name: x, template: again}]}
";

#[test]
fn argo_workflows_are_read_with_the_templates_they_refer_to() {
    let (sources, facts) = read(&[("workflows/deploy.yaml", WORKFLOW)]);
    let deployment = only(&facts);
    assert_eq!(deployment.name, "workflows/deploy.yaml#deploy-search");
    assert_eq!(sources.slice(deployment.place.span), "deploy-search");
    assert!(deployment.way_back.is_false());
    assert!(deployment.uses.iter().any(|used| used == "deployment/search"), "{:?}", deployment.uses);
    assert_eq!(deployment.gates[0].what, "a person who resumes `approve`");
    let chosen =
        WORKFLOW.replace("  entrypoint: main", "  entrypoint: main\n  arguments: {parameters: [{name: imageTag}]}");
    assert_eq!(only(&read(&[("workflows/deploy.yaml", &chosen)]).1).way, "run it again with another `imageTag`");
}

const PIPELINE: &str = "
apiVersion: tekton.dev/v1
kind: Pipeline
metadata: {name: deploy-search}
spec:
  params: [{name: namespace, default: shop}]
  tasks:
    - name: ship
      taskRef: {name: set-image}
      params: [{name: app, value: search}, {name: namespace, value: $(params.namespace)}]
    - name: look
      taskRef: {resolver: hub, params: []}
---
apiVersion: tekton.dev/v1
kind: Task
metadata: {name: set-image}
spec:
  params: [{name: app}, {name: namespace}]
  stepTemplate: {env: [{name: APP, value: $(params.app)}]}
  steps:
    - name: set
      image: kubectl
      script: kubectl -n $(params.namespace) set image deployment/$APP app=registry.shop.io/app:latest
";

#[test]
fn tekton_pipelines_are_read_with_their_tasks() {
    let (sources, facts) = read(&[("tekton/deploy.yaml", PIPELINE)]);
    let deployment = only(&facts);
    assert_eq!(sources.slice(deployment.place.span), "deploy-search");
    assert!(deployment.way_back.is_false());
    assert!(deployment.verified.is_false());
    for used in ["deployment/search", "shop"] {
        assert!(deployment.uses.iter().any(|it| it == used), "{:?}", deployment.uses);
    }
    let chosen =
        PIPELINE.replace("{name: namespace, default: shop}", "{name: revision}, {name: namespace, default: shop}");
    assert_eq!(only(&read(&[("tekton/deploy.yaml", &chosen)]).1).way, "run it again with another `revision`");
    let waits =
        PIPELINE.replace("name: look", "name: wait-for-rollout-status\n      when: []\n      # verify deployment");
    assert_eq!(read(&[("tekton/deploy.yaml", &waits)]).1.model.deployments.len(), 1);
    let catalogue = "
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {generateName: deploy-search-}
spec:
  pipelineSpec:
    tasks:
      - name: ship
        taskRef: {name: openshift-client}
        params: [{name: SCRIPT, value: oc set image deployment/search search=$TAG}]
";
    let (_, facts) = read(&[("tekton/run.yaml", catalogue)]);
    assert!(only(&facts).way_back.is_false());
}

#[test]
fn what_a_clock_restores_or_breaks_is_a_drill() {
    let drills = |text: &str| -> Vec<bool> {
        let found = github("x.yml", text).1.model.drills;
        found.into_iter().map(|drill| drill.restores).collect()
    };
    let weekly = "on: {schedule: [{cron: '0 14 * * 6'}]}\njobs:\n";
    let restore =
        "  a: {steps: [{name: restore from backup, run: python3 database_restore.py --environment preproduction}]}\n";
    assert_eq!(drills(&format!("{weekly}{restore}")), [true]);
    let breaks = "  b: {steps: [{run: ./run-task.sh resilience_tests}]}\n";
    assert_eq!(drills(&format!("{weekly}{breaks}")), [false]);
    let cache = "  c: {steps: [{uses: actions/cache/restore@v4}, {run: dotnet restore}, {run: make test}]}\n";
    assert_eq!(drills(&format!("{weekly}{cache}")), [false; 0]);
    assert_eq!(drills(&format!("on: push\njobs:\n{restore}")), [false; 0]);
}

#[test]
fn a_job_says_which_helmfiles_it_ships() {
    let text = "
on: {push: {branches: [main]}}
env: {IMAGE: shop/mail:1.4.2}
jobs:
  ship:
    environment: production
    steps:
      - run: |
          pushd deploy
          helmfile --environment production -l 'tier=crd' apply
          helmfile -e production --selector=tier!=crd,name!=search apply
          popd
          helmfile -f extra/helmfile.yaml sync
          helmfile -e staging apply
          helmfile diff
      - run: helmfile apply
        working-directory: shop
      - run: cd $WHERE && helmfile apply
      - run: aws lambda update-function-code --function-name mail --image-uri $IMAGE
";
    let (_, facts) = github("ship.yml", text);
    let deployment = only(&facts);
    let applied: Vec<(Option<&str>, Vec<&str>)> = deployment
        .helmfiles
        .iter()
        .map(|it| (it.path.as_deref(), it.selectors.iter().map(Text::as_str).collect()))
        .collect();
    assert_eq!(
        applied,
        [
            (Some("deploy"), vec!["tier=crd"]),
            (Some("deploy"), vec!["tier!=crd,name!=search"]),
            (Some("extra/helmfile.yaml"), vec![]),
            (Some("shop"), vec![]),
            (None, vec![]),
        ]
    );
    assert!(deployment.way_back.is_true(), "a revert is applied like anything else");
}

#[test]
fn what_ships_elsewhere_takes_nothing_back() {
    let staging = "
on: {workflow_dispatch: {inputs: {tag: {type: string}}}}
jobs:
  ship:
    steps:
      - run: kubectl --namespace search set image deployment/search-api search-api=$TAG
";
    let name = |name: &str| format!(".github/workflows/{name}");
    let (one, other) = (name("deploy-search.yml"), name("staging.yml"));
    let (_, facts) = read(&[(&one, COPIES_STAGING), (&other, staging)]);
    assert!(only(&facts).way_back.is_false());
    let (_, facts) = read(&[(&one, COPIES_STAGING), (&name("one.yml"), staging)]);
    assert!(facts.model.deployments.iter().any(|it| it.name.contains("deploy-search") && it.way_back.is_true()));
}
