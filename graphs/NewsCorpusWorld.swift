// World news: governments, elections, conflicts, courts, disasters.

extension NewsGrammar {
    static let world = """
        leader = President;the president | Prime Minister;the prime minister
        Foreign Minister;the minister | Defense Minister;the minister
        Opposition leader;the opposition leader | Interior Minister;the minister
        Chancellor;the chancellor | Archbishop;the archbishop | General;the general
        force = troops | rebels | soldiers | police | gunmen | militants | peacekeepers | insurgents
        security forces | border guards | special forces | protesters | fighters
        place = a northern village | the capital | a border town | the main airport | a mosque
        a market | a school | an army base | a police station | the old town | a refugee camp
        a checkpoint | the embassy | a railway station | the disputed region | a hotel
        weapon = a car bomb | mortar fire | a rocket attack | an air strike | a roadside bomb
        heavy shelling | a suicide attack | an ambush | gunfire | a hostage crisis
        disaster = an earthquake | a flood | a typhoon | a hurricane | a landslide | a ferry accident
        a train crash | a mine explosion | a drought | a forest fire | a volcanic eruption
        vote = election | referendum | runoff | ballot | vote | presidential campaign
        body = parliament | the United Nations | the Security Council | the European Union
        the cabinet | the high court | the war crimes tribunal | the African Union | the senate
        the constitutional court | the Red Cross
        issue = a peace treaty | a cease-fire | sanctions | nuclear inspections | human rights
        the release of hostages | border security | a new constitution | aid for refugees
        a prisoner exchange | the withdrawal of troops | immigration | the oil embargo
        a power-sharing deal | freedom of the press | disarmament

        title =
        {#3-60} Killed in Attack on {Nation.1} Town
        {Nation.1} Parliament Rejects Peace Plan
        {Leader.0} {Person.1} Wins {Nation.1} {vote}
        {Nation.0} and {abroad} Agree on Cease-Fire
        Rebels Seize Town in {Nation.0}
        {Nation.1} Troops Leave Border Region
        Thousands March in {Nation.2} Against Government
        U.N. Warns of Hunger in {Nation.0}
        Hostages Freed in {Nation.0} After {#2-40} Days
        {Nation.0} Expels {abroad} Diplomats
        Flood Victims Wait for Aid in {Nation.0}
        Court Orders New Trial for Former {Nation.1} Leader
        Nuclear Talks With {Nation.0} Collapse
        {Person.1} Vows to Form Government
        Bomb Near {Nation.1} Embassy Wounds {#3-40}
        {Nation.1} Opposition Calls for Strike
        Minister Defends {Nation.1} Security Law
        Refugees Return to {Nation.0}
        {Nation.0} Mourns Victims of Crash
        Vote Count Disputed in {Nation.0}

        lead =
        {Nation.2} - {Weapon} in {place} killed at least {#3-70} people and wounded {#10-190} on \
        {day}, {Nation.1} police and hospital officials said.
        {Leader.0} {Person.0} {Person.1} won the {Nation.1} {vote} with {#50-68} percent of the \
        votes, but the opposition spoke of fraud and refused to accept defeat.
        {Force} attacked {place} in {Nation.0} before dawn on {day}, hours after {Leader.1} had \
        offered talks about {issue}.
        Tens of thousands of people marched through {Nation.2} on {day} to protest against \
        {Leader.0} {Person.0} {Person.1} and to demand {issue}.
        {Nation.0} and {abroad} signed an agreement about {issue} on {day}, ending {count} years of \
        conflict along their border.
        The government of {Nation.0} told {body} that it will not give up its nuclear program, \
        whatever the sanctions.
        Rescue workers searched for survivors in {Nation.0} on {day} after {disaster} that left \
        {#20-900} people dead and {#2-90},000 without homes.
        {Leader.0} {Person.0} {Person.1} asked {body} on {day} to support {issue}, in a speech that \
        {group} called historic.
        A court in {Nation.2} sentenced {Person.0} {Person.1}, a former minister, to {#4-25} years \
        in prison for ordering an attack on {place}.
        {count} hostages, among them a journalist from {abroad}, were released in {Nation.0} on \
        {day} after {body} had appealed to the kidnappers.
        {Nation.1} {force} and {force} fought for control of {place}, and aid groups said that \
        families were fleeing without water or food.
        The {Nation.1} cabinet approved {issue} on {day} by a vote of {#9-15} to {#2-8}, despite \
        threats of a general strike.
        {Leader.0} {Person.0} {Person.1} arrived in {Nation.2} on {day} for a visit meant to win \
        back the trust of {body}.
        {Body} sent observers to {Nation.0}, where the {vote} was overshadowed by violence and \
        missing ballot boxes.
        A plane with {#20-190} passengers crashed near {Nation.2} on {day}, and {Nation.1} \
        officials did not rule out {weapon}.
        Voters in {Nation.0} stood in line for hours on {day} in the first free {vote} since \
        {Leader.1} took power {count} years ago.
        Striking oil workers clashed with police in {Nation.2} and closed the main export port, as \
        {Leader.1} warned of damage to the economy.
        {Nation.0} closed its airports and tightened security before the summer games after \
        intelligence reports of {weapon} planned by {force}.
        The government in {Nation.2} blocked internet sites and mobile phone networks on {day} to \
        stop {force} from organizing protests.
        {Nation.1} scientists and {body} warned that {disaster} had poisoned the water of \
        {#2-9} million people.

        tail =
        The army said {#2-40} {force} were killed and many weapons seized.
        No group claimed responsibility for {weapon}.
        {Leader.0} {Person.1} blamed {force} and promised to restore order.
        {Body} will debate {issue} next {period}.
        Human rights groups accused both sides of attacks on civilians.
        Diplomats in {Nation.2} said that {issue} was the main obstacle to peace.
        The violence has killed more than {#2-30},000 people since {month}.
        {Nation.0} has been under emergency rule since the last {vote}.
        Aid agencies asked for tents, medicine and clean water.
        The opposition wants {issue} before it returns to parliament.
        The war has divided the country along religious and ethnic lines.
        {Nation.1} state television showed {Leader.1} visiting the wounded.
        """
}
