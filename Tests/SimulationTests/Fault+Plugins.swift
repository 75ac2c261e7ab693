import PluginKit
import ProxyCore
import QMP
import Recording

/// Faults around plugins: what they hold, execute, and are told.
extension Fault {
    func spoilPlugins(_ actions: inout [ProxyAction], _ state: inout State) {
        guard let index = actions.firstIndex(where: isOfPlugins) else { return }
        switch (self, actions[index]) {
        case (.holdHasNoLimit, .setTimer(let timer, let time)):
            actions[index] = .setTimer(timer, at: Instant(microseconds: time.microseconds + 1_000_000_000))
        case (.releasedCommandIsLost, _):
            guard let sent = actions[index...].firstIndex(where: { $0.client != nil && !$0.isPlugins }) else { return }
            actions.remove(at: sent)
        case (.outcomeIsToldTwice, _), (.ownCommandIsSentTwice, _): actions.append(actions[index])
        case (.ownReplyGoesToAClient, .log(_, let line)):
            guard let client = actions.first(where: { $0.toClient != nil })?.endpoint else { return }
            let value = line.split(separator: "returned ").last ?? ""
            actions.append(.send(client, SplicedMessage(Bytes(text: "{\"return\": \(value)}\r\n"))))
        case (.ownCommandIsChanged, .send(_, let message, _)):
            let text = message.joined.text.replacing("\"tag\"", with: "\"tags\"")
            actions[index] = .send(.monitor, SplicedMessage(Bytes(text: text)))
        case (.ownCommandIsRecordedAsAClients, .record(var entry)):
            entry.plugin = nil
            actions[index] = .record(entry)
        default: actions.remove(at: index)
        }
        state.isDone = true
    }

    private func isOfPlugins(_ action: ProxyAction) -> Bool {
        switch (self, action) {
        case (.holdIsForgotten, .setTimer(.held, _)), (.holdHasNoLimit, .setTimer(.held, _)),
            (.releaseIsForgotten, .cancelTimer(.held)), (.releasedCommandIsLost, .cancelTimer(.held)),
            (.ownCommandHasNoLimit, .setTimer(.execution, _)), (.pluginTimerIsLeft, .cancelTimer(.plugin)),
            (.storeIsLost, .store), (.programIsNotStopped, .stopProgram), (.programIsNotStarted, .startProgram):
            true
        case (.outcomeIsLost, .log(_, let line)), (.outcomeIsToldTwice, .log(_, let line)): line.contains("*told own ")
        case (.ownReplyGoesToAClient, .log(_, let line)): line.contains("*told own ") && line.contains("returned ")
        case (.heldOfTheGoneIsNotTold, .log(_, let line)): line.contains("clientGone")
        case (.ownCommandIsRecordedAsAClients, .record(let entry)):
            if case .sent = entry.kind { entry.place == .monitor && entry.plugin != nil } else { false }
        case (.ownCommandIsLost, _), (.ownCommandIsSentTwice, _), (.ownCommandIsChanged, _): action.isPlugins
        default: false
        }
    }
}

extension ProxyAction {
    /// Whether a plugin's own command is sent to the monitor; those of clients have lower numbers in their tags.
    fileprivate var isPlugins: Bool { client.flatMap { Int($0) }.map { $0 >= 1000 } ?? false }
}
