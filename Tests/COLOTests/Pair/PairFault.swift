import PluginKit
import ProxyCore
import QMP
import Recording

/// A fault of a plugin's, made by changing what its proxy asks for.
enum PairFault: String, CaseIterable {
    case theOtherGivesOutputOut, yanksUndecided, staysDeciding, failsOverForAProxy, migratesTwice, neverEnds
    case storesMoreAndMore, timersPileUp, writesToThePeer

    /// The promise that it breaks.
    var invariant: String {
        switch self {
        case .theOtherGivesOutputOut: "output"
        case .yanksUndecided: "decision"
        case .staysDeciding: "answer"
        case .failsOverForAProxy: "cause"
        case .migratesTwice: "migrate"
        case .neverEnds: "rest"
        case .storesMoreAndMore, .timersPileUp: "growth"
        case .writesToThePeer: "peer"
        }
    }

    func apply(_ proxy: PairProxy, _ event: ProxyEvent, _ actions: inout [ProxyAction]) {
        let host = proxy.host
        let (session, isInCOLO) = (host.world.session, host.living?.isInCOLO == true)
        switch self {
        case .theOtherGivesOutputOut:
            guard isInCOLO, let session, let named = session.named, named != host.index else { return }
            let isPrimary = session.primary === host.living
            let step = "'object-del', 'arguments': {'id': 'comp0'}"
            send("{'execute': \(isPrimary ? step : "'x-colo-lost-heartbeat'")}", &actions)
        case .yanksUndecided:
            // Each answer is an event, too.
            guard isInCOLO, session?.named == nil, case .timerFired = event else { return }
            send("{'exec-oob': 'yank', 'arguments': {'instances': []}}", &actions)
        case .staysDeciding: stay("deciding", host, &actions)
        case .failsOverForAProxy:
            guard host.state == "paired", case .closed(.secondMonitor, _) = event else { return }
            let mark = Entry.Kind.mark(text: "paired -> deciding: the peer's proxy is gone")
            actions.append(.record(Entry(time: .zero, place: .plugin("colo"), kind: mark)))
        case .migratesTwice:
            if isInCOLO { send("{'execute': 'migrate', 'arguments': {'uri': 'tcp:x:9998'}}", &actions) }
        case .neverEnds: stay("failing-over", host, &actions)
        case .storesMoreAndMore:
            for index in actions.indices {
                guard case .store(let plugin, let number, let value) = actions[index] else { continue }
                let more = JSONValue.string(String(repeating: "x", count: 20_000))
                actions[index] = .store(plugin: plugin, number: number, .array([value, more]))
            }
        case .timersPileUp:
            let timer = ProxyTimer.plugin(0, Tag("more", Int(host.world.now.microseconds)))
            actions.append(.setTimer(timer, at: Instant(microseconds: .max / 4)))
        case .writesToThePeer:
            for case .send(.secondMonitor(let number), let message, _) in actions
            where message.joined.text.contains("query-status") {
                actions.append(.send(.secondMonitor(number), SplicedMessage(Bytes(text: "{'execute': 'stop'}"))))
            }
        }
    }

    /// Has the plugin stay in a state, by its marks.
    private func stay(_ state: String, _ host: PairHost, _ actions: inout [ProxyAction]) {
        guard host.state == state else { return }
        actions.removeAll { $0.mark?.contains(" -> ") ?? false }
    }

    private func send(_ text: String, _ actions: inout [ProxyAction]) {
        let text = text.dropLast() + ", 'id': [999999]}"
        actions.append(.send(.monitor, SplicedMessage(Bytes(text: String(text)))))
    }
}

extension ProxyAction {
    /// What a plugin marks.
    fileprivate var mark: String? {
        if case .record(let entry) = self, case .mark(let text, _) = entry.kind { text } else { nil }
    }
}
