// Words and sentences that all four topics of the news corpus share.

extension NewsGrammar {
    static let shared = """
        firstName = Anna | Peter | Maria | David | Elena | Thomas | Sofia | Daniel | Irene | Martin
        Laura | Victor | Clara | Samuel | Nina | Paul | Julia | Marcus | Helen | Adrian | Yuki
        Omar | Ingrid | Rafael | Mei | Joseph | Amara | Stefan | Lucia | Henry | Priya | Oscar
        lastName = Keller | Moreno | Lindqvist | Okafor | Tanaka | Rossi | Novak | Fischer | Hale
        Duarte | Petrov | Costa | Whitfield | Andersen | Malik | Brandt | Ferrer | Osei | Larkin
        Varga | Chen | Dubois | Sato | Marsh | Kowalski | Banks | Field | Rivers | Stone | Woods
        Singh | Haddad | Castillo | Byrne | Nakamura | Torres | Goldman | Power | Bell | King
        person = {firstName};{lastName}
        other = {firstName};{lastName}
        nation = France;French;Paris | Germany;German;Berlin | Japan;Japanese;Tokyo
        China;Chinese;Beijing | India;Indian;New Delhi | Brazil;Brazilian;Brasilia
        Britain;British;London | Italy;Italian;Rome | Spain;Spanish;Madrid
        Canada;Canadian;Ottawa | Australia;Australian;Sydney | Russia;Russian;Moscow
        South Korea;South Korean;Seoul | Mexico;Mexican;Mexico City | Kenya;Kenyan;Nairobi
        Turkey;Turkish;Ankara | Sweden;Swedish;Stockholm | Egypt;Egyptian;Cairo
        Argentina;Argentine;Buenos Aires | Greece;Greek;Athens | Poland;Polish;Warsaw
        Chile;Chilean;Santiago | Norway;Norwegian;Oslo | Thailand;Thai;Bangkok
        Nigeria;Nigerian;Lagos | Ireland;Irish;Dublin | Portugal;Portuguese;Lisbon
        abroad = France | Germany | Japan | China | India | Brazil | Britain | Italy | Spain | Canada
        Australia | Russia | Mexico | Kenya | Turkey | Sweden | Egypt | Argentina | Greece | Poland
        city = New York | Boston | Chicago | San Francisco | London | Toronto | Denver | Seattle
        Houston | Atlanta | Munich | Milan | Geneva | Singapore | Osaka | Mumbai | Vienna | Lyon
        Barcelona | Melbourne | Johannesburg | Montreal | Dallas | Detroit | Miami | Amsterdam
        day = Monday | Tuesday | Wednesday | Thursday | Friday | Saturday | Sunday
        month = January | February | March | April | May | June | July | August | September
        October | November | December
        season = spring | summer | autumn | winter
        count = two | three | four | five | six | seven | eight | nine | ten | a dozen
        ordinal = first | second | third | fourth | fifth | sixth
        period = year | week | month | quarter | season | decade
        agency = Northern Wire | City Desk | Meridian News | Harbor Press | The Morning Ledger
        Continental Wire
        said = said | told reporters | announced | confirmed | warned | added | insisted
        adverb = sharply | quietly | suddenly | narrowly | easily | slowly | finally | briefly
        mood = upbeat | cautious | confident | surprised | disappointed | relieved | determined
        group = analysts | officials | supporters | critics | observers | experts | rivals | workers
        source = a spokesman | a spokeswoman | a senior official | an adviser | a person close to the talks

        title =
        {Person.1} Says Decision Was the Right One
        A Long Wait Is Over in {city}
        {Nation.0} Looks for Answers
        New Rules Win Support in {city}
        {Person.1} to Step Down in {month}
        Questions Remain After Talks in {city}
        A Record Year, and Doubts About the Next
        Critics Attack Plan by {Person.1}
        {Nation.1} Drive Loses Power
        Security Is Tight as {city} Opens Its Doors
        Deal Is Close, {Person.1} Says
        Another Setback for {Nation.0}

        lead =
        {Person.0} {Person.1} said on {day} that the decision in {city} was the right one, even if \
        many {group} had hoped for a different result.
        The long wait ended on {day} in {city}, where {group} from {Nation.0} and {abroad} had come \
        together for the {ordinal} time this {period}.
        After {count} days of talks in {city}, {Person.0} {Person.1} left without an answer and \
        without much to say.
        {Person.0} {Person.1} of {Nation.0} will step down in {month} after {#3-19} years, and \
        nobody knows who will follow.
        New rules that were agreed in {city} on {day} go further than most {group} expected, \
        {source} {said}.
        It was a record {period} for {Nation.0}, but {group} ask how long the run can last.
        The {Nation.1} drive that began in {month} has lost power, and {Person.0} {Person.1} is \
        under pressure to find a new plan.

        tail =
        {Source} said a decision is expected by {day}.
        {Person.1}, who is {#24-71}, said {mood} words but gave no details.
        It is the {ordinal} time in {count} {period}s that this has happened.
        "We have worked hard for this and we will go on," {Person.1} {said}.
        "Nobody expected it to be easy," {Other.0} {Other.1} {said} in {city} on {day}.
        {Group} were {mood}, and some asked for more time.
        The news came only {count} days after a similar report from {city}.
        Last {period} the number was {#11-89}, and in {month} it was {#11-89}.
        {Other.0} {Other.1}, who has followed the story since {month}, called it a major change.
        The next meeting is set for {month} {#2-28} in {city}.
        Others were not so sure, and {source} {said} that much can still go wrong.
        It was not clear on {day} what that means for {abroad} and {Nation.0}.
        {Agency} first reported the story on {day}.
        The move had been expected for {#3-16} months.
        About {#2-98},000 people followed it from home, twice as many as last {period}.
        For {Nation.0} it was the best {day} in {count} {period}s, for {abroad} the worst.
        The final result may not be known before the {season}.
        A report that appears next {period} could change the picture {adverb}.
        """
}
