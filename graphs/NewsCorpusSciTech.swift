// Science and technology news: products and firms invented for the corpus.

extension NewsGrammar {
    static let scienceAndTechnology = """
        maker = Quanta Labs;Quanta | Openfield Software;Openfield | Nimbus Computer;Nimbus
        Bluepeak;Bluepeak | Vireo Systems;Vireo | Halcyon Games;Halcyon | Starling Mobile;Starling
        Tessera Chips;Tessera | Lantern Search;Lantern | Orbitline;Orbitline | Cobalt Micro;Cobalt
        Signal Ridge;Signal Ridge | Paperclip;Paperclip | Mosaic Networks;Mosaic
        competitor = Quanta | Openfield | Nimbus | Bluepeak | Vireo | Halcyon | Starling | Tessera
        Lantern | Orbitline | Cobalt | Paperclip | Mosaic
        group = researchers | scientists | engineers | users | developers | experts | analysts
        product = operating system | web browser | music player | search engine | game console
        mobile phone | laptop | e-mail service | photo software | media center | handheld computer
        video recorder | desktop search tool | instant messenger | digital camera | server
        technology = wireless networks | broadband | file sharing | voice over internet | spam filters
        open-source software | flash memory | grid computing | radio tags | dual-core chips
        satellite radio | high-definition video | online music | fuel cells | web logs
        threat = a worm | a virus | a security hole | spyware | a phishing scam | a flaw
        a hacker attack | a Trojan horse | identity theft | a denial-of-service attack
        space = Mars rover | Saturn probe | space shuttle | space station | comet probe
        space telescope | weather satellite | lunar orbiter | private rocket | solar sail
        science = stem cells | the human genome | black holes | climate models | fossils | bird flu
        coral reefs | the ozone layer | deep-sea vents | dark matter | nanotubes | dinosaurs
        gene therapy | glaciers | bacteria | whale songs | greenhouse gases | early humans
        finding = a new species | salt water | water ice | a missing gene
        the oldest fossil | a faint signal | traces of methane | a giant squid | a new element
        a protein that slows aging | an underwater volcano | a cure in mice
        institute = the space agency | a university in {city} | the {nation.1} Academy of Sciences
        the national laboratory | the Institute of Oceanography | the journal Natural Letters
        a museum in {city} | the Observatory of {city}
        sighting = a planet the size of Neptune | a dying star | a ring of dust | a lost galaxy
        a young black hole | an unknown moon
        number = {#2-90} percent | {#2-40} million users | {#3-900},000 computers | {#2-9} billion pages
        {#20-400} gigabytes | {#2-60} light-years | {#2-90} million years

        title =
        {Maker.1} Launches New {product}
        {Maker.1} Patches Hole in {product}
        Worm Spreads Through {Maker.1} Network
        {Space} Sends First Pictures
        Scientists Find {finding}
        {Maker.1} Opens Online Music Store
        New Virus Targets Mobile Phones
        {Maker.1} Sues {competitor} Over Patents
        Study Links {science} to Warming
        Probe Reaches Orbit Around Saturn
        {Maker.1} Shows Faster Chip
        Search Engine Wars: {Maker.1} Against {competitor}
        Fossil Discovery Surprises Experts
        Space Crew Repairs Station Window
        {Maker.1} Delays {product} Again
        Spam Still Growing, Study Says
        Researchers Map {science}
        Open-Source {product} Gains Users
        {Maker.1} Drops Price of {product}
        Rocket Team Goes for Space Prize

        lead =
        {Maker.0} launched a new version of its {product} on {day}, with better security and \
        support for {technology}.
        {Threat} that spreads through {technology} has infected {number}, security firm {competitor} \
        warned on {day}.
        The {space} sent its first pictures back to earth on {day}, showing what scientists at \
        {institute} believe is {finding}.
        Scientists at {institute} have found {finding}, a discovery that may change what is known \
        about {science}.
        {Maker.0} released a patch on {day} for {threat} in its {product} that lets attackers take \
        control of a computer.
        A study of {science} published on {day} by {institute} shows changes over {number} that \
        models had not predicted.
        {Maker.0} will open an online music store in {month}, hoping that its {product} can win \
        users from {competitor}.
        Chip maker {Maker.0} showed a processor on {day} that runs at twice the speed and half the \
        power of the one it replaces.
        {Maker.0} sued {competitor} in {city} on {day}, saying that the rival's {product} copies \
        its patents for {technology}.
        The crew of the {space} stepped outside on {day} to repair a window and to install an \
        antenna for {institute}.
        {Maker.0} has delayed its next {product} until {month} because engineers need more time to \
        fix {threat}.
        Researchers in {city} taught a robot to study {science}, and it found {finding} in \
        {count} weeks.
        A free {product} written by volunteers has been downloaded by {number} since {month}, and \
        {Maker.0} is losing share.
        {Maker.0} and {competitor} agreed on {day} on a common standard for {technology}, ending a \
        format war that had confused users.
        Astronomers using the {space} saw {sighting} {#2-60} light-years away, {institute} said on \
        {day}.
        The {product} from {Maker.0} stores {number} and plays games, music and video, but its \
        battery lasts only {count} hours.
        {Maker.0} said its revenue from {technology} rose {#9-90} percent as users bought more \
        than {#2-9} million copies of its {product}.
        The government of {Nation.0} plans to replace its software with an open-source {product}, \
        a setback for {Maker.0}.
        {Maker.0} put the most popular football game of the year on its {product}, with players \
        and stadiums that fans can hardly tell from television.
        {Nation.0} will launch a {space} in {month} to study {science}, {institute} said, in spite \
        of cuts to its budget.

        tail =
        The {product} costs ${#49-899} and runs on most computers.
        {Group} said that {threat} was found in {number}.
        The results appear this week in {institute}.
        {Maker.1} has been working on {technology} for {count} years.
        A test version can be downloaded from the {Maker.1} web site.
        The {space} will travel {#2-900} million miles before it returns.
        Computer users should update their {product} at once, {group} said.
        The work may one day help doctors to understand {science}.
        {competitor} is expected to answer with its own {product}.
        The experiment used data from the {space} and from {institute}.
        More than {number} already depend on {technology}.
        {Group} do not agree on what {science} can tell about the climate.
        """
}
