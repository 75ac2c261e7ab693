internal import QMP

/// How one side of a COLO pair is, as its plugin tells it (`__org.qmp-proxy_colo-query-status`).
///
/// What a newer plugin tells beyond this is passed over, what one does not tell is `nil`.
struct COLOStatus: Equatable {
    /// How the other side is.
    struct Peer: Equatable {
        var address: String?
        var state: String?
        var heardSeconds: Double?
        /// What it says of itself, if it was heard of.
        var role: String?
        var says: String?
        var epoch: Int64?
    }

    /// How far a runbook is.
    struct Progress: Equatable {
        var step: Int64
        var steps: Int64
        var title: String
        /// Of the step's block job.
        var percent: Double?
    }

    var role: String
    var state: String
    var sinceSeconds: Double?
    var epoch: Int64?
    var why: String?
    var silentSeconds: Double?
    var checkpointSeconds: Double?
    var checkpointDelay: Int64?
    var peer = Peer()
    var progress: Progress?
    var isSeeking = false
    var isReady = false
    var next: String?

    /// Reads a status.
    ///
    /// - Throws: `COLORemote.Failure` if it is none.
    init(_ bytes: Bytes) throws(COLORemote.Failure) {
        let value = try? JSONValue(parsing: bytes)
        guard let value, let role = value["role"]?.string, let state = value["state"]?.string else {
            throw COLORemote.Failure(text: "this is no status of COLO: \(bytes.text)")
        }
        self.role = role
        self.state = state
        sinceSeconds = value["since-seconds"]?.double
        epoch = value["epoch"]?.integer
        why = value["why"]?.string
        silentSeconds = value["qemu"]?["silent-seconds"]?.double
        checkpointSeconds = value["last-checkpoint-seconds"]?.double
        checkpointDelay = value["checkpoint-delay"]?.integer
        if let told = value["peer"] {
            let colo = told["colo"]
            peer = Peer(
                address: told["address"]?.string,
                state: told["state"]?.string,
                heardSeconds: told["heard-seconds"]?.double,
                role: colo?["role"]?.string,
                says: colo?["state"]?.string,
                epoch: colo?["epoch"]?.integer
            )
        }
        if let told = value["progress"], let step = told["step"]?.integer, let steps = told["steps"]?.integer {
            let percent = told["percent"]?.double.flatMap { $0.isFinite ? min(max($0, 0), 100) : nil }
            progress = Progress(step: step, steps: steps, title: told["title"]?.string ?? "", percent: percent)
        }
        isSeeking = value["seeks"] == .bool(true)
        isReady = value["ready"] == .bool(true)
        next = value["next"]?.string
    }

    /// What has to change for a line to be worth it: no times, and of a block job every tenth.
    var headline: COLOStatus {
        var headline = self
        headline.sinceSeconds = nil
        headline.silentSeconds = nil
        headline.checkpointSeconds = nil
        headline.peer.heardSeconds = nil
        headline.next = nil
        headline.progress = progress?.percent.map { percent in
            Progress(step: 0, steps: 0, title: "", percent: (percent / 10).rounded(.down))
        }
        return headline
    }
}
