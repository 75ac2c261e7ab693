internal import Glibc
internal import Libevent
internal import PluginKit
internal import ProxyCore
public import Recording

/// Follows a replay, and tells people.
public protocol ReplayReport: Sendable {
    /// The clients did something, or QEMU answered.
    mutating func take(_ output: ClientPlayback.Output)
    /// A second has gone by, or something has happened; what is waited for, unless it is only time.
    mutating func waits(for awaited: String?)
}

/// The clients of a recording, played within the process.
final class ReplayClients {
    fileprivate var playback: ClientPlayback
    fileprivate(set) var report: any ReplayReport
    fileprivate var timer: Timer?
    /// Clients that the engine has let go of, and that are to be told gone.
    fileprivate var ended: [Endpoint] = []

    /// Clients that play this; all that they do is reported.
    init(_ playback: ClientPlayback, _ report: any ReplayReport) {
        self.playback = playback
        self.report = report
    }
}

/// What the shell has to do for clients that are no connections.
extension ProxyServer {
    /// The engine has recorded something: perhaps what a client waits for.
    func replayed(_ entry: Entry) {
        replay?.playback.take(entry)
        playLater()
    }

    /// The engine lets go of a client without a connection.
    func replayEnded(_ endpoint: Endpoint) {
        replay?.ended.append(endpoint)
        playLater()
    }

    /// The monitor cannot be reached; to try again is no use for a replay.
    func replayUnreachable(_ reason: String) {
        replay?.playback.monitorUnreachable(reason)
        playLater()
    }

    /// Somebody wants it to end.
    func interruptReplay() {
        replay?.playback.interrupted()
        playLater()
    }

    /// Plays on when there is something to do: never within an action, since the engine is not to be called back.
    func playLater() {
        guard let replay else { return }
        let due = replay.ended.isEmpty ? replay.playback.nextDue : now
        guard let due else { return }
        if replay.timer == nil {
            replay.timer = Timer(loop: loop) { [unowned self] in assumeIsolated { $0.play() } }
        }
        // Each second people may see what is waited for.
        replay.timer?.set(after: .microseconds(min(1_000_000, max(0, due.microseconds - now.microseconds))))
    }

    private func play() {
        guard let replay else { return }
        let ended = replay.ended
        replay.ended = []
        for endpoint in ended { handle(.closed(endpoint, reason: "it has left")) }
        for output in replay.playback.takeOutputs(at: now) {
            perform(output)
            replay.report.take(output)
        }
        replay.report.waits(for: replay.playback.awaited)
        playLater()
    }

    private func perform(_ output: ClientPlayback.Output) {
        switch output {
        case .open(let client): handle(.accepted(Client(number: client, peer: .other("replay"), listener: "replay")))
        case .say(let client, let bytes, let count):
            handle(.received(.client(client), bytes, descriptors: count > 0 ? descriptors.insert(nulls(count)) : []))
        case .close(let client): handle(.ended(.client(client)))
        case .equal, .different, .notCompared: break
        case .failed, .done: stop()
        }
    }

    /// What stands for descriptors that were recorded: that they came is known, but not what they were.
    private func nulls(_ count: Int) -> [DescriptorHandle] {
        var handles: [DescriptorHandle] = []
        while handles.count < count {
            let descriptor = open("/dev/null", O_RDWR | O_CLOEXEC)
            guard descriptor >= 0 else { break }
            handles.append(DescriptorHandle(owning: descriptor))
        }
        return handles
    }
}
