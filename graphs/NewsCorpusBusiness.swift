// Business news: companies invented for the corpus.

extension NewsGrammar {
    static let business = """
        company = Northgate Holdings;Northgate | Alder Motors;Alder | Calloway Foods;Calloway
        Pinnacle Airways;Pinnacle | Weston Steel;Weston | Corvane Oil;Corvane
        Harrow and Finch;Harrow | Brightwell Stores;Brightwell | Delmare Energy;Delmare
        Castle Rock Insurance;Castle Rock | Trident Mining;Trident | Oakline Rail;Oakline
        Summerset Hotels;Summerset | Vantage Telecom;Vantage | Lumen Chemical;Lumen
        First Harbor Bank;First Harbor | Kestrel Pharma;Kestrel | Marlow Paper;Marlow
        Redfern Brewing;Redfern | Solace Health;Solace | Union Freight;Union Freight
        rival = Northgate | Alder | Calloway | Pinnacle | Weston | Corvane | Harrow | Brightwell
        Delmare | Castle Rock | Trident | Oakline | Summerset | Vantage | Lumen | Kestrel | Marlow
        group = analysts | investors | traders | economists | shareholders | creditors | lenders
        sector = airline | retail | steel | insurance | oil | banking | auto | mining | telecom
        pharmaceutical | energy | housing | shipping | food | media | chemical
        money = ${#2-98} million | ${#110-890} million | ${#2-48} billion | {#2-40} million euros
        ${#1-9}.{#1-9} billion
        measure = earnings | revenue | net profit | operating income | sales | quarterly profit
        orders | cash flow
        data = consumer prices | retail sales | jobless claims | factory orders | housing starts
        the trade deficit | consumer confidence | gross domestic product | industrial output
        the current account | wholesale prices
        cause = higher fuel costs | weak demand | strong exports | a weak dollar | rising interest rates
        cost cuts | record oil prices | one-time charges | a tax benefit | slow holiday sales
        lower raw material prices | a strike | currency losses | pension costs
        market = stocks | bonds | oil futures | shares | the dollar | gold | blue chips | crude prices
        job = chief executive | chairman | finance chief | head of trading | founder | auditor

        title =
        {Company.1} Profit Rises {#4-60} Percent
        {Company.1} to Buy {rival} for {money}
        {Company.1} Cuts {#2-28},000 Jobs
        Stocks Fall on Oil Worries
        {Nation.1} Central Bank Raises Rates
        {Company.1} Shares Drop After Warning
        Oil Hits Record Above ${#41-59}
        Regulators Open Probe of {Company.1}
        {Company.1} Names New {job}
        {Company.1} Files for Bankruptcy
        {Nation.1} Economy Grows {#1-6}.{#0-9} Percent
        {rival} Rejects {Company.1} Offer
        Dollar Slides Against Euro
        {Company.1} Workers Vote on Strike
        {Company.1} Loss Widens on Fuel Costs
        Retail Sales Beat Forecasts in {month}
        {Company.1} Settles Fraud Case for {money}
        {Nation.0} Signs Trade Deal With {abroad}
        Investors Wait for {Company.1} Results
        {Company.1} Raises Forecast Again

        lead =
        {Company.0} said on {day} that {measure} rose {#3-60} percent in the {ordinal} quarter, \
        helped by {cause}, and raised its forecast for the year.
        {Company.0} agreed on {day} to buy {rival} for {money} in cash and stock, creating the \
        second-largest {sector} group in {Nation.0}.
        {Market} fell {adverb} on {day} as {cause} and a warning from {Company.0} made investors \
        nervous about {measure}.
        {Company.0} will cut {#2-28},000 jobs and close {count} plants in {Nation.0} as the \
        {sector} company struggles with {cause}.
        The {Nation.1} central bank raised its key interest rate by a quarter point on {day}, \
        saying that {data} left it no choice.
        Shares of {Company.0} dropped {#5-38} percent on {day} after the {sector} company warned \
        that {cause} would hurt {measure}.
        Crude oil rose above ${#41-59} a barrel in {city} on {day}, pushed up by fears about supply \
        from {abroad} and strong demand in {Nation.0}.
        Securities regulators opened an investigation of {Company.0} on {day} over the way the \
        {sector} company booked {measure}.
        {Company.0} named {Person.0} {Person.1} {job} on {day}, weeks after the board had forced \
        out {Other.0} {Other.1} over {cause}.
        {Company.0} filed for bankruptcy protection on {day} with debts of {money}, the largest \
        {sector} failure in {Nation.0} in {count} years.
        {Data} in {Nation.0} rose {#1-4}.{#1-9} percent in {month}, more than economists had \
        forecast, the government said on {day}.
        The board of {rival} rejected a takeover offer of {money} from {Company.0} on {day} and \
        told shareholders that the price was too low.
        The dollar fell to a record low against the euro on {day} after {data} came in weaker than \
        {group} had expected.
        {Person.0} {Person.1}, the former {job} of {Company.0}, pleaded guilty on {day} to fraud \
        that cost {group} {money}.
        Pilots of {Company.0} voted on {day} to accept lower pay, a deal that saves the company \
        {money} a year and keeps it out of court.
        {Company.0} will sell its {sector} unit to a private equity fund for {money} and use the \
        cash to pay down debt.
        {Nation.0} and {abroad} signed a trade agreement on {day} that ends a long dispute over \
        tariffs on steel and farm goods.
        {Company.0} will sponsor the {Nation.1} football league for {count} years, paying {money} \
        to put its name on shirts and stadiums.
        Computer maker {rival} and {Company.0} said on {day} that they will merge their chip \
        plants, a deal worth {money} that may save {#200-900} jobs.
        Investors paid {money} for shares in an internet search company on {day}, in the biggest \
        initial public offering of the {period}.

        tail =
        Shares of {Company.1} closed down {#2-90} cents at ${#11-94} on {day}.
        {Group} had expected {measure} of {#12-98} cents a share.
        {Company.1} blamed {cause} for the change.
        Bonds rose, and {market} hardly moved in late trading.
        The deal needs the approval of regulators in {Nation.0}.
        {Company.1} has {#3-88},000 employees and {measure} of {money}.
        Economists said that {data} would decide the next step on rates.
        The {sector} index lost {#1-4}.{#0-9} percent.
        {Company.1} cut its dividend and put off plans for new stores.
        Volume was light, with {#2-9}00 million shares changing hands.
        {rival} may still make a higher bid, {group} said.
        Lenders have given {Company.1} until {month} to restructure its debt.
        """
}
