// Sports news: teams and players invented for the corpus.

extension NewsGrammar {
    static let sports = """
        team = Harbor City;Falcons | Lakeside;Wolves | Northfield;Rangers | Ironport;Miners
        Summit;Bears | Bayview;Sharks | Cedar Falls;Hawks | Redstone;Bulls | Granite;Giants
        Westmoor;Wanderers | Eastbrook;United | Riverton;Rovers | Kingsport;Royals
        Stonebridge;Athletic | Silver Lake;Comets | Ashford;Albion | Fairmont;Storm
        rivals = Falcons | Wolves | Rangers | Miners | Bears | Sharks | Hawks | Bulls | Giants
        Wanderers | United | Rovers | Royals | Athletic | Comets | Albion | Storm
        group = fans | teammates | critics | coaches | officials | rivals | scouts
        position = striker | goalkeeper | quarterback | pitcher | captain | midfielder | shortstop
        point guard | defender | forward | linebacker | center | outfielder | winger | rookie
        injury = a knee injury | a broken hand | a sore shoulder | a hamstring strain
        a sprained ankle | back pain | a virus | a concussion | a groin injury | surgery
        cup = Continental Cup | Northern League | Champions Trophy | Coast Conference
        World Cup | Olympic Games | Grand Slam | Masters | Pennant | Super Series | Open
        play = a home run | a late penalty | a free kick | a touchdown pass | a jump shot
        a header | a three-pointer | a double play | an overtime goal | a field goal | an own goal
        solo = tennis | golf | cycling | swimming | boxing | skating | athletics | motor racing
        event = 100 meters | marathon | downhill | time trial | pole vault | relay | 200-meter freestyle
        decathlon | heavyweight title fight | qualifying session | mountain stage
        half = first half | second half | ninth inning | fourth quarter | final minute
        opening set | third period | last lap | extra time

        title =
        {Team.1} Beat {rivals} in Overtime
        {Team.1} Rally Past {rivals}, {#2-9}-{#0-1}
        {Person.1} Wins {Nation.1} Open
        {Team.0} {Position} Out With Injury
        {Person.1} Strikes Late to Sink {rivals}
        {Team.1} Sign {Position} {Person.1}
        Coach {Person.1} Quits After Loss to {rivals}
        {Nation.0} Reach {Cup} Final
        {Person.1} Takes Gold in {event}
        {Team.1} End Losing Run
        {rivals} Defense Holds Off {Team.1}
        {Person.1} Fails Drug Test, Faces Ban
        {Team.1} Clinch Title With Win Over {rivals}
        {Person.1} Ready for {Cup} Return
        {Person.1} Powers {Team.1} to {ordinal} Straight Victory
        {Nation.0} Lose Captain Before {Cup}
        {Team.1} Trade {Person.1} to {rivals}
        Record Crowd Sees {Team.1} Draw
        {Person.1} Leads After {ordinal} Round
        {Team.1} Owner Plans New Stadium

        lead =
        {Person.0} {Person.1} scored on {play} in the {half} as the {Team.0} {Team.1} beat the \
        {rivals} {#2-5}-{#0-1} on {day} night.
        The {Team.0} {Team.1} lost their {position} {Person.0} {Person.1} to {injury} on {day}, \
        {count} days before the start of the {Cup}.
        {Person.0} {Person.1} of {Nation.0} won the {solo} tournament in {city} on {day}, the \
        {ordinal} title of a season that began with {injury}.
        Coach {Person.0} {Person.1} resigned on {day} after the {Team.1} lost to the {rivals} for \
        the {ordinal} time in a row.
        {Nation.0} reached the final of the {Cup} with a {#2-6}-{#0-1} victory over {abroad}, thanks \
        to {play} by substitute {Person.0} {Person.1}.
        The {Team.0} {Team.1} signed {position} {Person.0} {Person.1} to a {count}-year contract, \
        hoping to win the {Cup} at last.
        {Person.0} {Person.1} broke the world record in the {event} on {day} and took the gold \
        medal ahead of runners from {abroad} and {Nation.0}.
        The {rivals} wasted a lead of {#8-24} points in the {half} and lost to the {Team.1} in \
        front of a crowd of {#12-88},000.
        {Person.0} {Person.1}, the {position} of the {Team.1}, was banned for {count} games on \
        {day} after a fight with a fan of the {rivals}.
        Top seed {Person.0} {Person.1} needed {count} sets to reach the quarter-finals of the \
        {Nation.1} Open, and complained about the court.
        {Person.0} {Person.1} shot a {#62-68} to lead the {Cup} by {count} strokes after the \
        {ordinal} round in {city}.
        {Play} by {position} {Person.0} {Person.1} in the {half} gave the {Team.1} their {ordinal} \
        straight win and a place in the playoffs.
        The {Team.1} traded {position} {Person.0} {Person.1} to the {rivals} for {count} young \
        players and a draft pick.
        {Person.0} {Person.1} will return from {injury} when {Nation.0} play {abroad} in the {Cup} \
        on {day}.
        {Nation.0} named {Person.0} {Person.1} captain of the cricket side for the {count}-match \
        tour of {abroad}.
        Police used tear gas on {day} when supporters of the {Team.1} and the {rivals} clashed \
        outside the stadium before the {Cup} match.
        The owner of the {Team.0} {Team.1} has agreed to sell the club for ${#90-800} million, but \
        the league must still approve the deal.
        Players and owners failed to agree on a salary cap on {day}, and the hockey season may be \
        lost in a labor dispute over shares of television money.
        A new computer system that tracks the ball will help umpires at the {Nation.1} Open, where \
        {Person.0} {Person.1} lost {count} disputed points.
        {Person.0} {Person.1} held his nerve on the last lap in {city} to win the {Nation.1} Grand \
        Prix from pole position.

        tail =
        {Person.1} finished with {#14-42} points and {#5-16} rebounds.
        The {Team.1} have won {#3-11} of their last {#12-16} games.
        "We played our game and took our chances," the coach {said}.
        The {rivals} were without their {position}, who has {injury}.
        {Person.1} missed {play} that would have tied the match.
        The {Team.1} meet the {rivals} again on {day} at home.
        {Person.1} has {#9-41} goals this season, more than any other {position}.
        The crowd of {#12-88},000 stood and cheered as the {half} ended.
        It was the first defeat in the {Cup} for {Nation.0} since {month}.
        The referee showed {count} yellow cards and sent off the {position}.
        {Person.1} is expected to miss the {Cup} with {injury}.
        The {Team.1} lead the standings by {count} points.
        """
}
