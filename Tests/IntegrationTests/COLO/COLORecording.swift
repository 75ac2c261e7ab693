import Foundation
import QMP

/// What the COLO plugin has done, as the recording of its proxy tells.
struct COLORecording {
    /// What happened, in order.
    private enum Step {
        case moved(from: String, to: String)
        case said(String)
        case noted(String)
    }

    private var steps: [Step] = []
    /// The epochs of the plugin's marks.
    private(set) var epochs: [Int64] = []

    init(of host: COLOHost) throws {
        let text = String(decoding: FileManager.default.contents(atPath: host.recording) ?? Data(), as: UTF8.self)
        for line in text.split(separator: "\n") {
            // The last line may be on its way to the file.
            guard let entry = try? JSONValue(parsing: Array(line.utf8)[...]) else { continue }
            take(entry)
        }
    }

    private mutating func take(_ entry: JSONValue) {
        if entry["at"]?.string == "plugin colo", let text = entry["text"]?.string {
            if let epoch = entry["epoch"]?.integer { epochs.append(epoch) }
            let states = text.prefix { $0 != ":" }.components(separatedBy: " -> ")
            steps.append(states.count == 2 ? .moved(from: states[0], to: states[1]) : .noted(text))
        } else if entry["at"]?.string == "monitor", entry["is"]?.string == "sent", entry["plugin"]?.string == "colo",
            let message = entry["message"], let said = Self.summary(message)
        {
            steps.append(.said(said))
        }
    }

    /// A command's name and what it speaks of; `nil` for what only asks.
    private static func summary(_ message: JSONValue) -> String? {
        let name = message["execute"]?.string ?? message["exec-oob"]?.string ?? ""
        guard !name.hasPrefix("query-"), name != "qom-list" else { return nil }
        let arguments = message["arguments"]
        let members = ["id", "child", "node", "device"].lazy.compactMap { arguments?[$0]?.string }
        let line = arguments?["command-line"]?.string?.split(separator: " ").first.map(String.init)
        return [name, members.first ?? line ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// The states it has been in, in order; a suspicion that came to nothing is none of them.
    var states: [String] {
        var states: [String] = []
        for case .moved(_, let next) in steps where next != "suspecting" && next != states.last { states.append(next) }
        return states
    }

    /// What it has said to QEMU while it was in a state, the last time that it was.
    func commands(in state: String) -> [String] {
        var commands: [String] = []
        var isThere = false
        for step in steps {
            switch step {
            case .moved(_, let next):
                if next == state { commands = [] }
                isThere = next == state
            case .said(let command): if isThere { commands.append(command) }
            case .noted: break
            }
        }
        return commands
    }

    /// How often it has said a command to QEMU.
    func count(of command: String) -> Int {
        steps.filter { if case .said(command) = $0 { true } else { false } }.count
    }

    /// Whether it has noted something.
    func hasNoted(_ text: String) -> Bool {
        steps.contains { if case .noted(let noted) = $0 { noted.contains(text) } else { false } }
    }
}

/// The commands of each procedure, in order.
enum COLOProcedure {
    static let secondaryStart = ["migrate-set-capabilities", "nbd-server-start", "nbd-server-add parent0"]
    /// What is added as a drive may hold a secret.
    private static let attaching = ["human-monitor-command [redacted]", "x-blockdev-change replication0"]
    private static let migrating = [
        "migrate-set-capabilities", "migrate-set-capabilities", "migrate-set-parameters", "migrate",
    ]
    static let primaryStart = attaching + migrating
    static let primaryFailover = [
        "yank", "x-blockdev-change children.1", "human-monitor-command drive_del", "object-del comp0",
        "object-del iothread1", "object-del m0", "object-del redire0", "object-del redire1", "x-colo-lost-heartbeat",
    ]
    static let secondaryFailover = [
        "nbd-server-stop", "x-colo-lost-heartbeat", "object-del f2", "object-del f1", "chardev-remove red1",
        "chardev-remove red0", "chardev-add mirror0", "chardev-add compare1", "chardev-add compare0",
        "chardev-add compare0-0", "chardev-add compare_out", "chardev-add compare_out0",
    ]
    static let resume =
        ["drive-mirror colo-disk0", "stop", "block-job-cancel resync"] + attaching + [
            "object-add m0", "object-add redire0", "object-add redire1", "object-add iothread1", "object-add comp0",
        ] + migrating
}
