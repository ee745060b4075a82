/**
 * Every bound on foreign input, in one place. Sizes in bytes, times in milliseconds.
 * Each has a test at the limit and past it (test/hostile). Reaching one is a gap in the report, never silence.
 */
export const LIMITS = {
  /** Entries of one layer. */
  layerEntries: 5_000_000,
  /** Directories inside directories of an installed system: each level holds a file descriptor. */
  directoryDepth: 512,
  /** One path inside a layer, in bytes. */
  pathBytes: 4_096,
  /** One PAX extended header, or GNU long name. */
  paxHeaderBytes: 1 << 20,
  /** A file whose whole content an analyzer asked for. */
  wantedFileBytes: 512 * 2 ** 20,
  /** All wanted files of one layer together. */
  wantedLayerBytes: 2 ** 30,
  /** One layer, uncompressed. */
  layerBytes: 20 * 2 ** 30,
  /** All layers of one image, uncompressed. */
  imageBytes: 60 * 2 ** 30,
  /** Uncompressed bytes per compressed byte, counted once `ratioGraceBytes` have come out. */
  ratio: 1_000,
  ratioGraceBytes: 100 * 2 ** 20,
  /** The window that a zstd frame asks its reader to keep; zstd(1) refuses more too, unless told otherwise. */
  zstdWindowBytes: 128 * 2 ** 20,
  /** Deletions (whiteouts, opaque directories) of one layer. */
  layerWhiteouts: 1_000_000,
  /** Symbolic links of one layer, which are remembered while it is read. */
  layerLinks: 1_000_000,
  /** The file inventory of one layer. */
  inventoryBytes: 512 * 2 ** 20,
  /** Memory of the process that reads one layer, where layers are read in processes. */
  layerProcessBytes: 4 * 2 ** 30,
  /** Messages of such a process, beside the facts. */
  layerProcessMessages: 100_000,
  /** One such message. */
  layerProcessMessageBytes: 64 * 2 ** 10,
  /** Items of lists and objects in one part of what such a process found. */
  layerFactsValues: 10_000_000,
  /** What analyzers found in all layers of one image, encoded: about a fifth of the memory that it takes. */
  imageFactsBytes: 256 * 2 ** 20,
  /** The file inventories and the packages' file lists of all layers of one image. */
  imageInventoryBytes: 2 * 2 ** 30,
  /** Segments in the map of one sparse file. */
  sparseSegments: 100_000,
  /** A manifest, index or config document. */
  manifestBytes: 8 * 2 ** 20,
  /** All manifests, indexes and configs that are read of one target, together. */
  documentBytes: 256 * 2 ** 20,
  /** Indexes inside indexes. */
  indexDepth: 4,
  /** Manifests reachable from one target. */
  manifests: 1_000,
  /** Layers of one image. */
  layers: 1_000,
  /** Entries of an outer archive (docker save, OCI layout in a tar). */
  archiveEntries: 100_000,
  /** Links followed while one path is resolved (Linux: MAXSYMLINKS, path_resolution(7)). */
  linkDepth: 40,
  /** Entries of the well-known directories of package databases, again for each layer that changes them. */
  searchedEntries: 10_000_000,
  /** Files of package databases (status, lists, databases) of one image, again for each layer that changes them. */
  wantedFiles: 1_000_000,
  /** Paths that one second read of a layer may fetch. */
  secondReadPaths: 10_000,
  /** A file that describes packages of a language: package.json, METADATA, conda-meta, gemspecs, installed.json, deps.json. */
  packageFileBytes: 16 * 2 ** 20,
  /** Records of one package database. */
  packages: 500_000,
  /** Files that the packages of one database own. */
  ownedFiles: 20_000_000,
  /** Package repositories that one file names. */
  repositories: 10_000,
  /** One line of a text package database, and one field that goes over several lines. */
  recordFieldBytes: 1 << 20,
  /** os-release and its cousins. */
  releaseFileBytes: 64 * 2 ** 10,
  /** A binary that is looked through for a version string. */
  versionedBinaryBytes: 4 * 2 ** 20,
  /** The headers of an ELF file that say where its segments lie. */
  elfHeadBytes: 64 * 2 ** 10,
  /** The build information of one Go binary. */
  goBuildInfoBytes: 16 * 2 ** 20,
  /** Of a binary of Go before 1.18: its data, held until the build information in it is found. */
  goDataBytes: 64 * 2 ** 20,
  /** Of a binary of Go before 1.18: texts that look like the version of Go. */
  goVersionTexts: 10_000,
  /** The list of crates in one Rust binary, unpacked. */
  rustAuditBytes: 8 * 2 ** 20,
  /** Java archives inside Java archives. */
  jarNesting: 5,
  /** Entries of one Java archive and of all in it. */
  jarEntries: 1_000_000,
  /** What is unpacked of one Java archive and of all in it. */
  jarBytes: 2 ** 30,
  /** One manifest or pom.properties, unpacked. */
  jarMetadataBytes: 16 * 2 ** 20,
  /** What is kept of one Java archive and of all in it: names, the main parts of manifests, pom.properties. */
  jarTextBytes: 64 * 2 ** 20,
  /** Mentions of one anchor in a YAML document, itself counted, times the most that one thing in it has: honest tools write few. */
  yamlAliases: 100,
  /** Elements inside elements of one XML document. */
  xmlDepth: 256,
  /** Elements of one XML document. */
  xmlElements: 500_000,
  /** Parents of parents, imports in imports and properties in properties of Maven's project files. */
  pomDepth: 100,
  /** Properties and dependencies that Maven's project files of one tree take over from parents and imports. */
  pomInheritance: 5_000_000,
  /** An SBOM as a whole. */
  sbomBytes: 128 * 2 ** 20,
  /** SBOMs that one image is listed to hold. */
  foundSboms: 10_000,
  /** One line, and one text of several lines, of an SBOM in the tag-value form: Plimsoll writes all that it knows of a package into one. */
  sbomFieldBytes: 64 * 2 ** 20,
  /** Lists and objects inside each other in an SBOM in JSON, elements inside each other in one in XML. */
  sbomNesting: 1_000,
  /** Items of lists and objects in an SBOM in JSON, elements in one in XML. */
  sbomValues: 10_000_000,
  /** Provides and dependencies that the packages of one database name; entries, relationships and dependencies of one SBOM. */
  relations: 5_000_000,
  /** One package of an rpm database. */
  rpmHeaderBytes: 64 * 2 ** 20,
  /** Flaws of one database, or of one kind in one layer, that are listed one by one; the rest are counted. */
  listedFlaws: 20,
  /** One advisory of a feed that has one a file (OSV), unpacked. */
  advisoryBytes: 32 * 2 ** 20,
  /** A VEX document as a whole. */
  vexBytes: 32 * 2 ** 20,
  /** Lists and objects inside each other in a VEX document. */
  vexNesting: 200,
  /** Items of lists and objects in a VEX document: statements, and products of one, are fewer. */
  vexValues: 2_000_000,
  /** Products of VEX statements that are held against the vulnerabilities of one report. */
  vexComparisons: 50_000_000,
  /** VEX documents that come with one image, inside or beside it. */
  foundVex: 1_000,
  /** The VEX documents that come with one image and their signatures, together: the report keeps them. */
  foundVexBytes: 32 * 2 ** 20,
  /** Log entries and timestamps of one Sigstore bundle: verifying compares each with each. */
  bundleEntries: 32,
  /** Packages that one advisory names, and versions that it lists for one of them. */
  advisoryEntries: 100_000,
  /** One file of an advisory feed, unpacked: the largest is Debian's tracker, with less than a tenth of it. */
  feedFileBytes: 2 ** 30,
  /** Files of all feeds of one build. */
  feedFiles: 5_000_000,
  /** All files of all feeds of one build, unpacked. */
  feedBytes: 64 * 2 ** 30,
  /** The directory of one zip archive of a feed. */
  feedDirectoryBytes: 512 * 2 ** 20,
  /** A document that names where a feed is. */
  feedIndexBytes: 256 * 2 ** 10,
  /** One file that is downloaded. */
  downloadBytes: 8 * 2 ** 30,
  /** What a registry says beside manifests and blobs: a token, an error, one page of a list. */
  registryAnswerBytes: 8 * 2 ** 20,
  /** What a container engine lists as its images. */
  localImagesBytes: 64 * 2 ** 20,
  /** What refers to one image, as its registry lists it. */
  referrers: 10_000,
  /** A file of credentials for registries, what a credential helper says, a password on standard input. */
  credentialBytes: 2 ** 20,
  /** A credential helper, to its end: it may ask a keychain, and that its user. */
  credentialHelperMs: 60_000,
  /** Pages of one list of a registry. */
  registryPages: 10_000,
  /** Redirects that one request to a registry follows. */
  registryRedirects: 5,
  /** A registry without a byte. */
  registryIdleMs: 60_000,
  /** A registry's answer that is no blob, to its end. */
  registryAnswerMs: 2 * 60_000,
  /** One layer from a registry, from the first request to the last byte, with all attempts. */
  registryBlobMs: 30 * 60_000,
  /** An advisory database. */
  databaseBytes: 7 * 2 ** 30,
  /** The manifest of an advisory database. */
  databaseManifestBytes: 16 * 2 ** 20,
  /** One entry of the facts cache, on disk and unpacked. */
  cacheEntryBytes: 2 ** 30,
  /** What an engine writes to standard output, and to standard error. */
  engineOutputBytes: 128 * 2 ** 20,
  /** Memory of an engine: of one process, and of all of them together. */
  engineMemoryBytes: 4 * 2 ** 30,
  /** Processes of an engine at one time. */
  engineProcesses: 64,
  /** One run of an engine. */
  engineMs: 10 * 60_000,
  /** A policy bundle's WebAssembly. */
  policyBytes: 64 * 2 ** 20,
  /** The manifest of a policy bundle, a sample, or a settings file. */
  policyDocumentBytes: 8 * 2 ** 20,
  /** One line of a backup of the store: one row, a report at most. */
  backupLineBytes: 400 * 2 ** 20,
  /** Memory of one policy while it is evaluated; a report that is read. */
  policyMemoryBytes: 512 * 2 ** 20,
  /** Violations of one policy. */
  policyViolations: 100_000,
  /** Evaluating one policy. */
  policyMs: 60_000,
  /** The body of one delivery of a registry's webhook. */
  deliveryBytes: 2 * 2 ** 20,
  /** Lists and objects inside each other in one delivery. */
  deliveryNesting: 64,
  /** Items of lists and objects in one delivery. */
  deliveryValues: 100_000,
  /** Events of one delivery, and entries of one list in it. */
  deliveryEvents: 1_000,
  /** The name of a repository in an event, in characters: what registries and clients allow (OCI distribution-spec). */
  repositoryNameLength: 255,
  /** The sender's id of an event or of a delivery, in characters. */
  eventIdLength: 256,
  /** Deliveries of one registration that are answered at one time. */
  deliveriesAtOnce: 32,
  /** Deliveries of one registration in a minute. */
  deliveriesPerMinute: 6_000,
  /** Reviews that are answered at one time, and connections of API servers. */
  reviewsAtOnce: 200,
  reviewConnections: 1_000,
  /** Certificates of Amazon SNS that are asked for in a minute. */
  certificateFetchesPerMinute: 10,
  /** The answer of Amazon SNS: a certificate, or to a confirmation. */
  snsAnswerBytes: 64 * 2 ** 10,
  /** Refused deliveries in a minute that are logged; all are counted. */
  refusalsLoggedPerMinute: 60,
  /** Repositories of one registry that a sweep looks at. */
  sweptRepositories: 100_000,
  /** Tags of one registry that a sweep looks at. */
  sweptTags: 1_000_000,
  /** Age of a delivery whose time is signed (SNS tries for an hour). */
  deliveryAgeMs: 65 * 60_000,
  /** How far the signed time of a delivery may lie ahead of our clock. */
  deliveryAheadMs: 5 * 60_000,
  /** The body of one AdmissionReview: the object and the one that was there, each up to what etcd holds (1.5 MiB). */
  reviewBytes: 4 * 2 ** 20,
  /** Lists and objects inside each other in one AdmissionReview. */
  reviewNesting: 100,
  /** Items of lists and objects in one AdmissionReview. */
  reviewValues: 500_000,
  /** Containers of one object that is judged at admission. */
  reviewContainers: 1_000,
  /** One file of Kubernetes manifests, and one that comes from standard input. */
  manifestFileBytes: 16 * 2 ** 20,
  /** Kubernetes objects of one file, those of its lists included. */
  manifestObjects: 10_000,
  /** A file that holds a secret, or the keys that secrets are sealed with. */
  secretBytes: 64 * 2 ** 10,
  /** The file of registered registries. */
  registriesFileBytes: 8 * 2 ** 20,
  /** One answer of a Kubernetes API server: a page of a list is the largest. */
  kubernetesAnswerBytes: 64 * 2 ** 20,
  /** One event of a watch: an object has at most 1.5 MiB in etcd, and more as JSON. */
  kubernetesEventBytes: 8 * 2 ** 20,
  /** One answer of a Kubernetes API server, to its end. */
  kubernetesAnswerMs: 60_000,
  /** A watch without a byte: a bookmark comes about each minute. */
  kubernetesIdleMs: 5 * 60_000,
  /** One frame of the sensor: an exec with three paths and its arguments is the largest, with a quarter of it. */
  sensorFrameBytes: 64 * 2 ** 10,
  /** A file in which a container runtime keeps what it knows of its containers. */
  containerStateBytes: 16 * 2 ** 20,
  /** Containers of runc among which one is looked for by its cgroup. */
  runcContainers: 10_000,
  /** Cgroups that the agent remembers; the longest dead go first. */
  rememberedCgroups: 100_000,
  /** Text that waits in memory for one sink of the agent. */
  sinkMemoryBytes: 16 * 2 ** 20,
  /** Processes of one container whose session is known. */
  sessionProcesses: 100_000,
  /** The body of one request to the API. */
  apiBodyBytes: 64 * 2 ** 10,
  /** The body of one request that uploads a policy bundle. */
  apiBundleBytes: 16 * 2 ** 20,
  /** One answer of an identity provider. */
  identityAnswerBytes: 2 ** 20,
  /** Items of one part of a list that the API answers. */
  apiPageItems: 500,
  /** Packages of one name that the API looks at for one answer. */
  apiPackagesFound: 10_000,
  /** Exceptions in the store that are in force at once. */
  storedExceptions: 10_000,
  /** Reading one layer. */
  layerMs: 10 * 60_000,
  /** One scan. */
  scanMs: 30 * 60_000,
} as const;

export type Limits = { readonly [K in keyof typeof LIMITS]: number };
export type LimitName = keyof typeof LIMITS;
