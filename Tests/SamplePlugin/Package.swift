// swift-tools-version: 6.2
// A proxy with a plugin of one's own, as anybody may make it outside this project: copy this folder, and replace the
// path below by the project's URL.
import PackageDescription

let package = Package(
    name: "SampleProxy",
    dependencies: [
        .package(name: "qmp-proxy", path: "../..")
    ],
    targets: [
        .target(name: "Quiet", dependencies: [.product(name: "PluginKit", package: "qmp-proxy")]),
        .executableTarget(
            name: "sample-proxy",
            dependencies: ["Quiet", .product(name: "ProxyCommand", package: "qmp-proxy")]
        ),
        .testTarget(
            name: "QuietTests",
            dependencies: [
                "Quiet",
                .product(name: "PluginKit", package: "qmp-proxy"),
                .product(name: "ProxyTesting", package: "qmp-proxy"),
            ]
        ),
    ]
)
