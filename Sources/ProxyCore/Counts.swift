/// What was counted since the engine was made.
struct Counts {
    var clientsAccepted = 0
    var clientsDropped = 0
    var commands = 0
    var replies = 0
    var repliesToNobody = 0
    var answeredHere = 0
    var invalid = 0
    var events = 0
    var entries = 0
    var entriesLost = 0
}
