internal import Recording

/// A status for people. What others have said of themselves can do a terminal no harm.
extension COLOStatus {
    /// Characters of a progress bar: one for each twentieth.
    private static let barCharacters = 20

    /// A line for each thing that is known.
    func block(isColoured: Bool) -> [String] {
        let since = sinceSeconds.map { ", for \(Self.text($0))" } ?? ""
        var rows = [("role", role), ("state", painted(isColoured) + since)]
        if let why { rows.append(("why", why)) }
        if let epoch { rows.append(("epoch", "\(epoch)")) }
        if let silentSeconds { rows.append(("QEMU", "heard \(Self.text(silentSeconds)) ago")) }
        if let peer = peerText { rows.append(("peer", peer)) }
        if let checkpoint = checkpointText { rows.append(("last checkpoint", checkpoint)) }
        if let progress = progressText { rows.append((progressName, progress)) }
        if isSeeking { rows.append(("seeks", "a partner")) }
        if isReady { rows.append(("ready", "for the primary to begin")) }
        if let next { rows.append(("next", next)) }
        return rows.map { name, text in
            name + String(repeating: " ", count: 17 - name.count) + (name == "state" ? text : Readable.text(text))
        }
    }

    /// All on one line: `resyncing, primary, epoch 4, 34 %, step 2 of 14: drive-mirror`.
    func line(isColoured: Bool) -> String {
        var parts = [role, epoch.map { "epoch \($0)" }, peer.state.map { "peer \($0)" }, progressText].compactMap { $0 }
        if let why { parts.append(why) }
        let text = Readable.text(parts.joined(separator: ", "))
        return painted(isColoured) + ", " + text + (next.map { ": \(Readable.text($0))" } ?? "")
    }

    /// How far it is, for a line that is drawn again and again: `resyncing [#######-------------] 34 %, step 2 of 14`.
    var progressLine: String {
        guard let progress, let percent = progress.percent else {
            return Readable.text([state, progressText ?? next].compactMap { $0 }.joined(separator: ": "))
        }
        let done = Int(percent / 100 * Double(Self.barCharacters))
        let bar = String(repeating: "#", count: done) + String(repeating: "-", count: Self.barCharacters - done)
        return Readable.text("\(state) [\(bar)] \(progressText ?? "")")
    }

    /// What a runbook that runs is about: a disk that is copied, or steps.
    private var progressName: String { progress?.percent == nil ? "step" : "resync" }

    private var progressText: String? {
        progress.map { progress in
            let percent = progress.percent.map { "\(Int($0)) %, " } ?? ""
            let title = progress.title.isEmpty ? "" : ": \(progress.title)"
            return "\(percent)step \(progress.step) of \(progress.steps)\(title)"
        }
    }

    private var peerText: String? {
        guard let state = peer.state else { return peer.address }
        var text = [peer.address, state].compactMap { $0 }.joined(separator: ", ")
        if let heard = peer.heardSeconds { text += ", heard \(Self.text(heard)) ago" }
        let says = [peer.role, peer.says, peer.epoch.map { "epoch \($0)" }].compactMap { $0 }.joined(separator: ", ")
        return says.isEmpty ? text : "\(text): \(says)"
    }

    private var checkpointText: String? {
        let delay = checkpointDelay.map { "delay \($0) ms" }
        return checkpointSeconds.map { seconds in
            ["\(Self.text(seconds)) ago", delay].compactMap { $0 }.joined(separator: ", ")
        } ?? delay.map { "none seen, \($0)" }
    }

    private func painted(_ isColoured: Bool) -> String {
        let text = Readable.text(state)
        guard isColoured else { return text }
        // Green, red, yellow (ECMA-48, 8.3.117).
        let colour =
            switch state {
            case "paired": 32
            case "failed", "lost": 31
            default: 33
            }
        return "\u{1B}[\(colour)m\(text)\u{1B}[0m"
    }

    /// A time as people say it: `0.4 s`, `45 s`, `3 min 5 s`, `2 h 5 min`.
    static func text(_ seconds: Double) -> String {
        // Beyond what is a time the number was none.
        guard seconds.isFinite, seconds < 1e12 else { return "? s" }
        let seconds = max(0, seconds)
        let whole = Int(seconds)
        return switch whole {
        case ..<10: "\(whole).\(Int(seconds * 10) % 10) s"
        case ..<60: "\(whole) s"
        case ..<3600: "\(whole / 60) min \(whole % 60) s"
        default: "\(whole / 3600) h \(whole / 60 % 60) min"
        }
    }
}
