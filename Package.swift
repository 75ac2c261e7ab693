// swift-tools-version: 6.2
import PackageDescription

/// The strictest compiler, the same for every target.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// Declares a Swift target of this package; every one of them is compiled with ``strict``.
func target(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

/// Declares a plugin, which may see nothing but PluginKit and QMP; the path is said since SwiftPM takes `Plugins` for
/// its own.
func plugin(_ name: String, resources: [Resource] = []) -> Target {
    .target(
        name: name,
        dependencies: ["PluginKit", "QMP"],
        path: "Plugins/\(name)",
        resources: resources,
        swiftSettings: strict
    )
}

/// The COLO plugin's runbooks, which are compiled in: a resource beside the program would need Foundation to be found.
let runbooks = [
    "checkpoint-delay", "periodic-primary-failover", "periodic-primary-start", "periodic-secondary-failover",
    "periodic-secondary-start", "primary-failover", "primary-resume", "primary-start", "secondary-failover",
    "secondary-resume", "secondary-start", "stand-down", "undo-resume", "undo-start",
]

/// The recordings that `qmp-proxy demo` plays, which are compiled in for the same reason.
let takeover = ["a", "b"].map { Resource.embedInCode("Demo/colo-takeover-\($0).qmprec") }

/// Declares a test target of this package.
func tests(
    _ name: String,
    _ dependencies: [Target.Dependency],
    resources: [Resource] = []
) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

let package = Package(
    name: "qmp-proxy",
    products: [
        .executable(name: "qmp-proxy", targets: ["qmp-proxy"]),
        // For plugins of one's own: what they see, how they are tested, and the program to put them into.
        .library(name: "PluginKit", targets: ["PluginKit", "QMP"]),
        .library(name: "ProxyTesting", targets: ["ProxyTesting", "ProxyCore", "Recording"]),
        .library(name: "ProxyCommand", targets: ["ProxyCommand"]),
        // Beside the tests' program, for the QEMUs that they start.
        .library(name: "TCGShim", type: .dynamic, targets: ["TCGShim"]),
    ],
    dependencies: [
        // Subcommands, `--help` and usage errors: what every Swift command line is expected to use.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        // The log interface that Swift servers share, so that whoever embeds the shell chooses where lines go.
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        // The configuration file is YAML, and errors in it must name the line: Yams gives nodes with marks.
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
    ],
    targets: [
        .systemLibrary(name: "CLibevent"),
        .target(name: "CSupport"),
        target("Libevent", ["CLibevent", "CSupport"]),
        target("QMP", ["CSupport"]),
        target("Recording", ["CSupport", "QMP"]),
        target("PluginKit", ["QMP"]),
        target("ProxyCore", ["PluginKit", "QMP", "Recording"]),
        target(
            "ProxyIO",
            [
                "CSupport", "Libevent", "PluginKit", "ProxyCore", "QMP", "Recording",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        target("ProxyTesting", ["PluginKit", "ProxyCore", "QMP", "Recording"]),
        target(
            "ProxyCommand",
            [
                "COLO", "CSupport", "Exec", "Guard", "Libevent", "Pass", "PluginKit", "ProxyCore", "ProxyIO", "QMP",
                "Recording",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Yams", package: "Yams"),
            ],
            resources: takeover
        ),
        .executableTarget(name: "qmp-proxy", dependencies: ["ProxyCommand"], swiftSettings: strict),
        plugin("COLO", resources: runbooks.map { .embedInCode("Runbooks/\($0).qmp") }),
        plugin("Exec"),
        plugin("Guard"),
        plugin("Pass"),
        tests(
            "COLOTests",
            ["COLO", "PluginKit", "ProxyCore", "ProxyTesting", "QMP", "Recording"],
            resources: [.copy("Fixtures")]
        ),
        tests("ExecTests", ["Exec", "PluginKit", "ProxyCore", "ProxyTesting", "QMP", "Recording"]),
        tests("GuardTests", ["Guard", "PluginKit", "ProxyCore", "ProxyTesting", "QMP", "Recording"]),
        tests("QMPTests", ["QMP", "ProxyTesting"], resources: [.copy("Fixtures")]),
        tests("RecordingTests", ["ProxyCore", "ProxyTesting", "QMP", "Recording"]),
        tests(
            "ProxyIOTests",
            [
                "CSupport", "Libevent", "PluginKit", "ProxyIO", "QMP", "Recording",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        tests("PluginKitTests", ["Pass", "PluginKit", "ProxyCore", "ProxyTesting", "QMP", "Recording"]),
        tests("ProxyCoreTests", ["PluginKit", "ProxyCore", "ProxyTesting", "QMP", "Recording"]),
        tests("LibeventTests", ["CSupport", "Libevent"]),
        tests("ConfigurationTests", ["Libevent", "PluginKit", "ProxyCommand", "ProxyIO", "QMP", "Recording"]),
        tests("ShowTests", ["ProxyCommand", "QMP", "Recording"]),
        tests("SimulationTests", ["PluginKit", "ProxyCore", "ProxyTesting", "QMP", "Recording"]),
        .target(name: "TCGShim", path: "Tests/TCGShim", publicHeadersPath: "."),
        tests("IntegrationTests", ["CSupport", "QMP", "Recording", "qmp-proxy"]),
        tests("TidyTests", []),
    ],
    swiftLanguageModes: [.v6]
)
