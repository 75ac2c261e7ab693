import Foundation

/// A recording for readers, with four entries a command as the proxy writes them.
enum SampleRecording: String, CaseIterable, Codable {
    case small
    case big200KiB = "big-200KiB"

    /// How large the files are made, in bytes.
    ///
    /// 256 MiB: `show` needs a second or two, beside which its start is nothing.
    private static let bytesMin = 256 << 20
    /// How much is written at once, in bytes.
    private static let bytesPerWrite = 1 << 20

    var explanation: String {
        switch self {
        case .small: "small commands and replies, and now and then an event"
        case .big200KiB: "replies of 200 KiB, each followed by an entry that it was passed on"
        }
    }

    /// Writes the file; how many bytes it has.
    func write(to path: String) throws -> Int {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let file = FileHandle(forWritingAtPath: path)
        else {
            throw Failure("cannot write \(path)")
        }
        defer { try? file.close() }
        var text = #"{"qmp-recording": 1, "started": "2026-11-21T03:06:29.120Z", "proxy": "0.1.0", "monitor": "vm0", "#
        text += "\"previous\": null}\n"
        var bytes = 0
        var number = 0
        while bytes < Self.bytesMin {
            while text.utf8.count < Self.bytesPerWrite {
                number += 1
                append(command: number, to: &text)
            }
            try file.write(contentsOf: Data(text.utf8))
            bytes += text.utf8.count
            text.removeAll(keepingCapacity: true)
        }
        return bytes
    }

    private func append(command number: Int, to text: inout String) {
        let client = 1 + number % 4
        let exchange = self == .small ? Self.exchanges[number % Self.exchanges.count] : Self.bigExchange
        let places = ["client \(client)", "monitor", "monitor", "client \(client)"]
        let id = "\"libvirt-\(number)\""
        let inner = "[\(number), \(id)]"
        let answer = exchange.answer
        let details = [
            #""message": {\#(exchange.command), "id": \#(id)}"#,
            #""message": {\#(exchange.command), "id": \#(inner)}"#,
            #""message": {\#(answer), "id": \#(inner)}"#,
            self == .small ? #""message": {\#(answer), "id": \#(id)}"# : #""same-as": "monitor", "id": \#(id)"#,
        ]
        for (index, what) in ["received", "sent", "received", "sent"].enumerated() {
            let start = #"{"t": \#(Self.seconds(number, index)), "at": "\#(places[index])", "is": "\#(what)", "#
            text += #"\#(start)"command": \#(number), \#(details[index])}"# + "\n"
        }
        if self == .small, number.isMultiple(of: 10) {
            let data = #""data": {"device": "drive-virtio-disk0", "id": "disk\#(number)"}"#
            text += #"{"t": \#(Self.seconds(number, 4)), "at": "monitor", "is": "received", "#
            text += #""message": {"timestamp": {"seconds": 1795230389, "microseconds": 412034}, "#
            text += #""event": "DEVICE_TRAY_MOVED", \#(data)}}"# + "\n"
        }
    }

    /// A command each 200 µs, its entries 20 µs apart.
    private static func seconds(_ number: Int, _ entry: Int) -> String {
        let microseconds = number * 200 + entry * 20
        let fraction = "\(microseconds % 1_000_000)"
        return "\(microseconds / 1_000_000).\(String(repeating: "0", count: 6 - fraction.utf8.count))\(fraction)"
    }

    private struct Exchange {
        var command: String
        var answer: String
    }

    /// What management software asks all day.
    private static let exchanges = [
        Exchange(
            command: #""execute": "query-status""#,
            answer: #""return": {"running": true, "singlestep": false, "status": "running"}"#
        ),
        Exchange(
            command: #""execute": "qom-get", "arguments": {"path": "/machine/peripheral/net0", "property": "mac"}"#,
            answer: #""return": "52:54:00:12:34:56""#
        ),
        Exchange(
            command: #""execute": "device_add", "arguments": {"driver": "virtio-net-pci", "id": "net0"}"#,
            answer: #""error": {"class": "GenericError", "desc": "Duplicate device ID 'net0'"}"#
        ),
        Exchange(
            command: #""execute": "human-monitor-command", "arguments": {"command-line": "info balloon"}"#,
            answer: #""return": "balloon: actual=4096\r\n""#
        ),
        Exchange(
            command: #""execute": "query-balloon""#,
            answer: #""return": {"actual": 4294967296}"#
        ),
        Exchange(
            command: #""execute": "block-job-cancel", "arguments": {"device": "drive-virtio-disk0", "force": true}"#,
            answer: #""return": {}"#
        ),
    ]

    private static let bigExchange = Exchange(
        command: #""execute": "query-qmp-schema""#,
        answer: #""return": ["# + (0..<1900).map(schemaEntry).joined(separator: ", ") + "]"
    )

    private static func schemaEntry(_ number: Int) -> String {
        #"{"name": "\#(number)", "members": [{"name": "type", "type": "\#(number + 7)"}, "#
            + #"{"name": "device", "default": null, "type": "str"}], "meta-type": "object"}"#
    }
}
