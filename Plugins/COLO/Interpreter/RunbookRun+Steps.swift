internal import PluginKit
internal import QMP

extension RunbookRun {
    /// Asks the step's conditions from one on; behind the last its work is done.
    mutating func ask(_ place: Int) -> [RunbookAction] {
        guard place < step.conditions.count else { return act() }
        state = .asking(place)
        return [execute(step.conditions[place].query, within: limit)]
    }

    mutating func asked(_ place: Int, _ answer: Answer) -> [RunbookAction] {
        let condition = step.conditions[place]
        let query = condition.query.name ?? ""
        guard case .success(let value) = answer else { return fail("\(query): \(answer.failureText)") }
        switch (condition.kind, value.isLike(condition.wanted)) {
        case (.require, true), (.when, true), (.unless, false): return ask(place + 1)
        case (.when, false): return next()
        case (.unless, true): return alreadySo()
        case (.require, false):
            let (wanted, found) = (condition.wanted.written().text, value.written().text)
            return fail("\(query) says \(found): wanted is \(wanted)")
        }
    }

    /// Does the step's work, once its intent is on the disk.
    mutating func act() -> [RunbookAction] {
        switch step.work {
        case .execute where isStoring:
            state = .storing
            return []
        case .execute(let command):
            guard command.name == Self.migrate else { return send() }
            return look(.migration)
        case .yank: return yank(.step)
        case .nothing: return step.wait == nil ? next() : wait(askingFirst: true)
        }
    }

    /// Sends the step's command.
    mutating func send() -> [RunbookAction] {
        guard case .execute(let command) = step.work else { preconditionFailure("only a command is sent") }
        state = .executing(isMet: false)
        return [execute(command, within: limit)]
    }

    mutating func executed(_ answer: Answer, _ isMet: Bool) -> [RunbookAction] {
        guard let text = failure(in: answer) else {
            return isMet || step.wait == nil ? next() : wait(askingFirst: false)
        }
        return step.doneIf.contains { $0.matches(text) } ? alreadySo() : fail(text)
    }

    /// What went wrong by a reply; `nil` if nothing did.
    ///
    /// The human monitor fails with success: what it would print is the error. `drive_add` without `-n` prints `OK`.
    private func failure(in answer: Answer) -> String? {
        guard case .success(let value) = answer else { return answer.failureText }
        guard case .execute(let command) = step.work, command.name == "human-monitor-command" else { return nil }
        let text = (value.string ?? "").trimmingLineEnds
        return text.isEmpty || text == "OK" ? nil : text
    }

    /// What the command would do is already so: only what a query can tell is waited for, its event may be long over.
    mutating func alreadySo() -> [RunbookAction] {
        step.wait?.query == nil ? next() : wait(askingFirst: true)
    }
}

extension Answer {
    /// The error's description; empty if there was none.
    var failureText: String {
        switch self {
        case .success: ""
        case .failure(let error): error.description.text
        }
    }
}

extension String {
    /// The text without the line ends behind it: the human monitor's lines end in CR LF.
    fileprivate var trimmingLineEnds: String {
        var text = self[...]
        while let last = text.last, last.isNewline { text = text.dropLast() }
        return String(text)
    }
}
