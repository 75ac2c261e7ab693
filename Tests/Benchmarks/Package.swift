// swift-tools-version: 6.2
import PackageDescription

let strictSwift: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let strictC: [CSetting] = [
    .define("_GNU_SOURCE"),
    .enableWarning("all"),
    .enableWarning("extra"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "Benchmarks",
    products: [
        .executable(name: "side-by-side", targets: ["side-by-side"]),
        .executable(name: "colo-failover", targets: ["colo-failover"]),
        // Beside `side-by-side`, which has it loaded into what it times.
        .library(name: "stopwatch", type: .dynamic, targets: ["stopwatch"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
    ],
    targets: [
        .executableTarget(name: "echo-monitor", cSettings: strictC),
        .executableTarget(name: "load", cSettings: strictC),
        .executableTarget(name: "verdict-child", cSettings: strictC),
        .executableTarget(name: "tee-relay", cSettings: strictC),
        .target(name: "stopwatch", cSettings: strictC),
        .executableTarget(
            name: "colo-failover",
            dependencies: [.product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: strictSwift
        ),
        .executableTarget(
            name: "side-by-side",
            dependencies: [
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                // Not linked in: named so that building `side-by-side` builds these programs beside it.
                "echo-monitor",
                "load",
                "tee-relay",
                "verdict-child",
            ],
            resources: [.copy("relay.py")],
            swiftSettings: strictSwift
        ),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu17
)
