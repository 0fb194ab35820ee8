//! Where copies go, as `explain` says it: what is named is found, and the default where none is named.

use super::support::{Folder, twoam};

const DATABASE: &str = "apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata:
  name: orders
  namespace: shop
  labels:
    app.kubernetes.io/name: orders
spec:
  instances: 3
  plugins:
    - name: barman-cloud.cloudnative-pg.io
      isWALArchiver: true
      parameters:
        barmanObjectName: copies
---
apiVersion: barmancloud.cnpg.io/v1
kind: ObjectStore
metadata:
  name: copies
  namespace: shop
spec:
  retentionPolicy: 30d
  configuration:
    destinationPath: s3://lantern-copies/
---
apiVersion: postgresql.cnpg.io/v1
kind: ScheduledBackup
metadata:
  name: orders
  namespace: shop
spec:
  schedule: \"0 0 2 * * *\"
  method: plugin
  pluginConfiguration:
    name: barman-cloud.cloudnative-pg.io
  cluster:
    name: orders
";

const UPLOADS: &str = "apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: uploads
  namespace: shop
  labels:
    app.kubernetes.io/name: uploads
spec:
  serviceName: uploads
  selector:
    matchLabels:
      app.kubernetes.io/name: uploads
  template:
    metadata:
      labels:
        app.kubernetes.io/name: uploads
    spec:
      containers:
        - name: uploads
          image: registry.example/uploads:1.0.0
  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes: [ReadWriteOnce]
---
apiVersion: velero.io/v1
kind: Schedule
metadata:
  name: nightly
  namespace: velero
spec:
  schedule: \"0 3 * * *\"
  template:
    includedNamespaces: [shop]
    includedResources: ['*']
---
apiVersion: velero.io/v1
kind: BackupStorageLocation
metadata:
  name: main
  namespace: velero
spec:
  default: true
  provider: aws
  objectStorage:
    bucket: lantern-cluster
  config:
    region: eu-west-1
";

#[test]
fn explain_says_where_copies_go() {
    let folder = Folder::new();
    folder.write("k8s/orders.yaml", DATABASE);
    folder.write("k8s/uploads.yaml", UPLOADS);
    let said = |service: &str| twoam(folder.path(), &["explain", service]).out;
    let orders = said("service/orders");
    assert!(orders.contains("point-in-time recovery from s3://lantern-copies/"), "{orders}");
    let uploads = said("service/uploads");
    assert!(uploads.contains("daily backup by Schedule/nightly to bucket lantern-cluster in eu-west-1"), "{uploads}");
}
