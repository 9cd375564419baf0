package io.github.engagelab.sms.docs.shop;

import org.springframework.boot.autoconfigure.SpringBootApplication;

/**
 * An application that uses the starter, as its tests in the documentation expect one.
 */
@SpringBootApplication
class ShopApplication {

}
