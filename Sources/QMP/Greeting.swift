/// What a monitor says first; shared by the sessions of all its clients.
public final class Greeting: Sendable {
    /// The bytes, line end included, as QEMU sent them.
    public let bytes: Bytes
    /// QEMU's version, such as `7.2.22`.
    public let version: String
    /// The package, such as `Debian 1:7.2+dfsg-7+deb12u18+b3`; empty for a build of one's own.
    public let package: String
    /// The capabilities offered; `oob` is the only one there is.
    public let capabilities: [String]
    /// Whether the monitor breaks its messages into lines (`pretty=on`).
    public let isPretty: Bool

    /// Reads a greeting; `nil` if the message is none.
    public init?(_ message: MonitorMessage) {
        guard let value = try? JSONValue(parsing: message.bytes), let greeting = value["QMP"] else { return nil }
        let numbers = greeting["version"]?["qemu"]
        bytes = message.bytes
        version = ["major", "minor", "micro"].map { name in
            numbers?[name]?.integer.map { String($0) } ?? "?"
        }.joined(separator: ".")
        package = greeting["version"]?["package"]?.string ?? ""
        capabilities = greeting["capabilities"]?.array?.compactMap(\.string) ?? []
        isPretty = message.isPretty
    }
}

extension Greeting: Equatable {
    /// Equal when the bytes are: all else follows from them.
    public static func == (one: Greeting, other: Greeting) -> Bool {
        one.bytes == other.bytes
    }
}
